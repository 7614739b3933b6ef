; The natural numbers with addition and multiplication.
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

(define NaturalNumbers[N,0,s,+,*]
  "Zero, successor, and the two operations that are defined by recursion on the second argument."
  (& (successor[N,0,s]) (addition[N,0,s,+]) (multiplication[N,0,s,+,*])))

; Every number is 0 or comes from 0 by s: this is what induction rests on.
(generated "induction on the natural numbers" NaturalNumbers[N,0,s,+,*] N 0 s[N])

(theory Peano[N,0,s,+,*,1]
  "The natural numbers, with a name for the successor of 0."
  (& (NaturalNumbers[N,0,s,+,*]) (in2[0,1,s])))

(notation (in2[x,y,s]) (value y) (prefix "s"))
(notation (in3[x,y,z,+]) (value z) (infix "+" 5))
(notation (in3[x,y,z,*]) (value z) (infix "·" 6))

(bounds (atoms 5) (atoms-with-constant 2) (variables 4) (predicate in (count 0)))
