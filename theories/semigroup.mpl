; Semigroups: nothing but an associative operation.
(import "functions.mpl")
(import "algebra.mpl")

(theory Semigroup[S,*]
  "An associative operation on a set."
  (& (operation[*,S,S,S]) (associative[*])))

(notation (in3[x,y,z,*]) (value z) (infix "·" 6))

(bounds (atoms 5) (variables 4) (predicate in (count 0)))
