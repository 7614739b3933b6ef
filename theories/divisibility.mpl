; Divisibility of natural numbers, and their order, in which division leaves remainders.
(import "naturals.mpl")
(import "properties.mpl")

(define NaturalNumbers[N,0,s,+,*]
  "Zero, successor, addition and multiplication."
  (& (successor[N,0,s]) (addition[N,0,s,+]) (multiplication[N,0,s,+,*])))

(generated "induction on the natural numbers" NaturalNumbers[N,0,s,+,*] N 0 s[N])

(define dividing[N,*,∣]
  "x divides y if x times something is y."
  (&
    (>[x,y] (in2[x,y,∣]) (& (in[x,N]) (in[y,N])))
    (>[x,y] (in2[x,y,∣]) (exists[z] (in[z,N]) (in3[x,z,y,*])))
    (>[x,z,y] (in3[x,z,y,*]) (in2[x,y,∣]))))

(theory Divisibility[N,0,s,+,*,1,≤,<,∣]
  "The natural numbers, ordered by size and by divisibility, with a name for the successor of 0."
  (&
    (NaturalNumbers[N,0,s,+,*])
    (in2[0,1,s])
    (ordering[N,+,≤])
    (strict-part[<,≤])
    (dividing[N,*,∣])))

(notation (in2[x,y,s]) (value y) (prefix "s"))
(notation (in3[x,y,z,+]) (value z) (infix "+" 5))
(notation (in3[x,y,z,*]) (value z) (infix "·" 6))
(notation (in2[x,y,≤]) (infix "≤" 1))
(notation (in2[x,y,<]) (infix "<" 1))
(notation (in2[x,y,∣]) (infix "∣" 1))

(bounds (atoms 5) (atoms-with-constant 2) (variables 3) (predicate in (count 1) (atoms 1 2)))
