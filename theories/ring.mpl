; Rings with one.
(import "functions.mpl")
(import "algebra.mpl")

(define additive-group[R,+,0,-]
  "Addition is associative and commutative, 0 is its identity, and −x the inverse of x."
  (&
    (operation[+,R,R,R])
    (in[0,R])
    (function[-,R,R])
    (associative[+])
    (commutative[+])
    (right-identity[0,+,R])
    (right-inverse[-,+,0])))

(define multiplicative-monoid[R,*,1]
  "Multiplication is associative, and 1 is its identity."
  (&
    (operation[*,R,R,R])
    (in[1,R])
    (associative[*])
    (left-identity[1,*,R])
    (right-identity[1,*,R])))

(theory Ring[R,+,*,0,1,-]
  "A commutative group and a monoid, joined by the distributive laws."
  (&
    (additive-group[R,+,0,-])
    (multiplicative-monoid[R,*,1])
    (left-distributive[*,+])
    (right-distributive[*,+])))

(notation (in3[x,y,z,+]) (value z) (infix "+" 5))
(notation (in3[x,y,z,*]) (value z) (infix "·" 6))
(notation (in2[x,y,-]) (value y) (prefix "−"))

(bounds (atoms 5) (atoms-with-constant 3) (variables 3) (predicate in (count 0)))
