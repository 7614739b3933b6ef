; Triangular numbers: sums of the first natural numbers, with all that is known of arithmetic.
(use "peano.mpl")
(import "functions.mpl")

(define summing[N,0,s,+,tri]
  "tri(0) = 0, and tri(s(x)) = tri(x) + s(x)."
  (&
    (function[tri,N,N])
    (in2[0,0,tri])
    (>[x,y] (in2[x,y,tri]) (>[u,v] (& (in2[x,u,s]) (in3[y,u,v,+])) (in2[u,v,tri])))))

(theory Triangular[N,0,s,+,*,1,tri]
  "The natural numbers with the sum 0 + 1 + … + x of all numbers up to x."
  (& (Peano[N,0,s,+,*,1]) (summing[N,0,s,+,tri])))

(notation (in2[x,y,tri]) (value y) (prefix "△"))

(bounds (atoms 5) (atoms-with-constant 2) (variables 3) (predicate in (count 0)))
