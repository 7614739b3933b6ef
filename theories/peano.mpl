; The natural numbers with addition and multiplication.
(import "naturals.mpl")

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
