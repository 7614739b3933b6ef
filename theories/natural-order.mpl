; The natural numbers in their order, which comes from addition.
(import "naturals.mpl")
(import "properties.mpl")

(define Naturals[N,0,s] "Zero and successor." (successor[N,0,s]))

(generated "induction on the natural numbers" Naturals[N,0,s] N 0 s[N])

(theory NaturalOrder[N,0,s,+,≤,<]
  "x ≤ y if something added to x gives y, and x < y if they are also different."
  (& (Naturals[N,0,s]) (addition[N,0,s,+]) (ordering[N,+,≤]) (strict-part[<,≤])))

(notation (in2[x,y,s]) (value y) (prefix "s"))
(notation (in3[x,y,z,+]) (value z) (infix "+" 5))
(notation (in2[x,y,≤]) (infix "≤" 1))
(notation (in2[x,y,<]) (infix "<" 1))

(bounds (atoms 5) (atoms-with-constant 3) (variables 3) (predicate in (count 1) (atoms 1 3)))
