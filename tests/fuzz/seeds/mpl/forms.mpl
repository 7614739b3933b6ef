; every form
(import "b.mpl")
(define a[x,S] (in[x,S])) ; end
(theory T[N,0,s,+] (& (a[0,N]) (in2[0,0,s]) (in3[0,0,0,+])))
(generated "n" T[N,0,s,+] N 0 s[N])
(notation (in3[x,y,z,+]) (value z) (infix "+" 5))
(bounds (atoms 5) (predicate in (count 0) (atoms 1 4)))
