; Abelian groups: groups, and one law more.
(use "group.mpl")
(import "algebra.mpl")

(theory AbelianGroup[G,*,e,inv]
  "A group whose operation is commutative."
  (& (Group[G,*,e,inv]) (commutative[*])))

(bounds (atoms 5) (atoms-with-constant 3) (variables 4) (predicate in (count 0)))
