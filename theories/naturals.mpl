; The natural numbers: zero and successor, and what is defined from them by recursion.
(import "functions.mpl")

(define successor[N,0,s]
  "0 is a number, s is a function from numbers to numbers, 0 is no value of it, and no two numbers have one successor."
  (&
    (in[0,N])
    (function[s,N,N])
    (>[x] (in[x,N]) !(in2[x,0,s]))
    (>[x,y,z] (& (in2[x,z,s]) (in2[y,z,s])) (=[x,y]))))

(define addition[N,0,s,+]
  "x + 0 = x, and x + s(y) = s(x + y)."
  (&
    (operation[+,N,N,N])
    (>[x] (in[x,N]) (in3[x,0,x,+]))
    (>[x,y,z] (in3[x,y,z,+]) (>[u,v] (& (in2[y,u,s]) (in2[z,v,s])) (in3[x,u,v,+])))))

(define multiplication[N,0,s,+,*]
  "x · 0 = 0, and x · s(y) = x · y + x."
  (&
    (operation[*,N,N,N])
    (>[x] (in[x,N]) (>[y] (in3[x,0,y,*]) (=[y,0])))
    (>[x,y,z] (in3[x,y,z,*]) (>[u,v] (& (in2[y,u,s]) (in3[z,x,v,+])) (in3[x,u,v,*])))))

(define ordering[N,+,≤]
  "x ≤ y if something added to x gives y."
  (&
    (>[x,y] (in2[x,y,≤]) (& (in[x,N]) (in[y,N])))
    (>[x,y] (in2[x,y,≤]) (exists[z] (in[z,N]) (in3[x,z,y,+])))
    (>[x,z,y] (in3[x,z,y,+]) (in2[x,y,≤]))))
