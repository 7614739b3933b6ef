; Lattices, as algebras, with the order that belongs to them.
(import "functions.mpl")
(import "algebra.mpl")
(import "properties.mpl")

(theory Lattice[L,∧,∨,≤]
  "Meet and join are commutative and associative and absorb each other; x ≤ y means x ∧ y = x."
  (&
    (operation[∧,L,L,L])
    (operation[∨,L,L,L])
    (commutative[∧])
    (commutative[∨])
    (associative[∧])
    (associative[∨])
    (absorbing[∧,∨])
    (absorbing[∨,∧])
    (on[≤,L])
    (>[x,y] (in2[x,y,≤]) (in3[x,y,x,∧]))
    (>[x,y] (in3[x,y,x,∧]) (in2[x,y,≤]))))

(notation (in3[x,y,z,∧]) (value z) (infix "⊓" 6))
(notation (in3[x,y,z,∨]) (value z) (infix "⊔" 6))
(notation (in2[x,y,≤]) (infix "≤" 1))

(bounds (atoms 5) (variables 3) (predicate in (count 0)))
