; Monoids.
(import "functions.mpl")
(import "algebra.mpl")

(theory Monoid[M,*,e]
  "An associative operation with an identity."
  (&
    (operation[*,M,M,M])
    (in[e,M])
    (associative[*])
    (left-identity[e,*,M])
    (right-identity[e,*,M])))

(notation (in3[x,y,z,*]) (value z) (infix "·" 6))

(bounds (atoms 5) (atoms-with-constant 4) (variables 4) (predicate in (count 0)))
