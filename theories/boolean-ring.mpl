; Boolean rings: each element is its own square. That they are commutative is not put in.
(import "functions.mpl")
(import "algebra.mpl")

(theory BooleanRing[R,+,*,0]
  "A ring whose multiplication is idempotent. Its addition is a commutative group, each element having a negative."
  (&
    (operation[+,R,R,R])
    (operation[*,R,R,R])
    (in[0,R])
    (associative[+])
    (commutative[+])
    (right-identity[0,+,R])
    (>[x] (in[x,R]) (exists[y] (in[y,R]) (in3[x,y,0,+])))
    (associative[*])
    (left-distributive[*,+])
    (right-distributive[*,+])
    (idempotent[*,R])))

(notation (in3[x,y,z,+]) (value z) (infix "+" 5))
(notation (in3[x,y,z,*]) (value z) (infix "·" 6))

(bounds (atoms 5) (atoms-with-constant 3) (variables 3) (predicate in (count 0)))
