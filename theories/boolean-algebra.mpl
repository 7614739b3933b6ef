; Boolean algebras, from Huntington's laws: that meet and join are associative is not put in.
(import "functions.mpl")
(import "algebra.mpl")

(theory BooleanAlgebra[B,∧,∨,¬,⊥,⊤]
  "Two commutative operations, each distributive over the other, with identities and complements."
  (&
    (operation[∧,B,B,B])
    (operation[∨,B,B,B])
    (function[¬,B,B])
    (in[⊥,B])
    (in[⊤,B])
    (commutative[∧])
    (commutative[∨])
    (left-distributive[∧,∨])
    (left-distributive[∨,∧])
    (right-identity[⊤,∧,B])
    (right-identity[⊥,∨,B])
    (right-inverse[¬,∧,⊥])
    (right-inverse[¬,∨,⊤])))

(notation (in3[x,y,z,∧]) (value z) (infix "⊓" 6))
(notation (in3[x,y,z,∨]) (value z) (infix "⊔" 6))
(notation (in2[x,y,¬]) (value y) (prefix "−"))

(bounds (atoms 5) (atoms-with-constant 3) (variables 3) (predicate in (count 0)))
