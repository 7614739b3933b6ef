; The natural numbers with powers and the factorial.
(import "naturals.mpl")

(define NaturalNumbers[N,0,s,+,*]
  "Zero, successor, addition and multiplication."
  (& (successor[N,0,s]) (addition[N,0,s,+]) (multiplication[N,0,s,+,*])))

(generated "induction on the natural numbers" NaturalNumbers[N,0,s,+,*] N 0 s[N])

(define raising[N,0,s,*,1,^]
  "x ^ 0 = 1, and x ^ s(y) = x ^ y · x."
  (&
    (operation[^,N,N,N])
    (>[x] (in[x,N]) (in3[x,0,1,^]))
    (>[x,y,z] (in3[x,y,z,^]) (>[u,v] (& (in2[y,u,s]) (in3[z,x,v,*])) (in3[x,u,v,^])))))

(define factorial[N,0,s,*,1,fact]
  "0! = 1, and s(x)! = x! · s(x)."
  (&
    (function[fact,N,N])
    (in2[0,1,fact])
    (>[x,y] (in2[x,y,fact]) (>[u,v] (& (in2[x,u,s]) (in3[y,u,v,*])) (in2[u,v,fact])))))

(theory Powers[N,0,s,+,*,1,^,fact]
  "The natural numbers with powers and the factorial, and a name for the successor of 0."
  (& (NaturalNumbers[N,0,s,+,*]) (in2[0,1,s]) (raising[N,0,s,*,1,^]) (factorial[N,0,s,*,1,fact])))

(notation (in2[x,y,s]) (value y) (prefix "s"))
(notation (in3[x,y,z,+]) (value z) (infix "+" 5))
(notation (in3[x,y,z,*]) (value z) (infix "·" 6))
(notation (in3[x,y,z,^]) (value z) (infix "^" 7))
(notation (in2[x,y,fact]) (value y) (postfix "!"))

(bounds (atoms 5) (atoms-with-constant 3) (variables 3) (predicate in (count 0)))
