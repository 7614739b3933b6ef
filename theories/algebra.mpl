; Laws that an operation on a set may obey.

(define associative[*]
  "(x · y) · z = x · (y · z)."
  (>[x,y,u] (in3[x,y,u,*]) (>[z,v] (in3[y,z,v,*]) (>[w] (in3[u,z,w,*]) (in3[x,v,w,*])))))

(define commutative[*] "x · y = y · x." (>[x,y,z] (in3[x,y,z,*]) (in3[y,x,z,*])))

(define idempotent[*,S] "x · x = x." (>[x] (in[x,S]) (in3[x,x,x,*])))

(define left-identity[e,*,S] "e · x = x." (>[x] (in[x,S]) (in3[e,x,x,*])))

(define right-identity[e,*,S] "x · e = x." (>[x] (in[x,S]) (in3[x,e,x,*])))

(define left-inverse[inv,*,e]
  "The inverse of x times x is e."
  (>[x,y] (in2[x,y,inv]) (in3[y,x,e,*])))

(define right-inverse[inv,*,e]
  "x times the inverse of x is e."
  (>[x,y] (in2[x,y,inv]) (in3[x,y,e,*])))

(define left-distributive[*,+]
  "x · (y + z) = x · y + x · z."
  (>[y,z,s] (in3[y,z,s,+])
    (>[x,p] (in3[x,s,p,*]) (>[q,r] (& (in3[x,y,q,*]) (in3[x,z,r,*])) (in3[q,r,p,+])))))

(define right-distributive[*,+]
  "(y + z) · x = y · x + z · x."
  (>[y,z,s] (in3[y,z,s,+])
    (>[x,p] (in3[s,x,p,*]) (>[q,r] (& (in3[y,x,q,*]) (in3[z,x,r,*])) (in3[q,r,p,+])))))

(define absorbing[*,+] "x · (x + y) = x." (>[x,y,u] (in3[x,y,u,+]) (in3[x,u,x,*])))
