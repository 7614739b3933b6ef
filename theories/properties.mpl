; Properties that a relation on a set may have.

(define on[R,S] "R relates elements of S." (>[x,y] (in2[x,y,R]) (& (in[x,S]) (in[y,S]))))

(define reflexive[R,S] "Every element of S is related to itself." (>[x] (in[x,S]) (in2[x,x,R])))

(define symmetric[R]
  "Whenever x is related to y, y is related to x."
  (>[x,y] (in2[x,y,R]) (in2[y,x,R])))

(define antisymmetric[R]
  "No two different things are related both ways."
  (>[x,y] (& (in2[x,y,R]) (in2[y,x,R])) (=[x,y])))

(define transitive[R]
  "What x is related to by way of y, it is related to."
  (>[x,y,z] (& (in2[x,y,R]) (in2[y,z,R])) (in2[x,z,R])))

(define total[R,S]
  "Of two elements of S one is related to the other."
  (>[x,y] (& (in[x,S]) (in[y,S])) (or (in2[x,y,R]) (in2[y,x,R]))))

(define strict-part[<,≤]
  "x < y if x ≤ y and they are different."
  (&
    (>[x,y] (in2[x,y,<]) (& (in2[x,y,≤]) !(=[x,y])))
    (>[x,y] (in2[x,y,≤]) (>[] !(=[x,y]) (in2[x,y,<])))))
