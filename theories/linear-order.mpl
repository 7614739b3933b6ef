; Linear orders, with the smaller and the greater of two elements.
(import "functions.mpl")
(import "properties.mpl")

(define smaller[min,≤]
  "min(x, y) is x if x ≤ y, and y if y ≤ x."
  (>[x,y] (in2[x,y,≤]) (& (in3[x,y,x,min]) (in3[y,x,x,min]))))

(define greater[max,≤]
  "max(x, y) is y if x ≤ y, and x if y ≤ x."
  (>[x,y] (in2[x,y,≤]) (& (in3[x,y,y,max]) (in3[y,x,y,max]))))

(theory LinearOrder[P,≤,<,min,max]
  "A partial order in which any two elements can be compared."
  (&
    (on[≤,P])
    (reflexive[≤,P])
    (antisymmetric[≤])
    (transitive[≤])
    (total[≤,P])
    (strict-part[<,≤])
    (operation[min,P,P,P])
    (operation[max,P,P,P])
    (smaller[min,≤])
    (greater[max,≤])))

(notation (in2[x,y,≤]) (infix "≤" 1))
(notation (in2[x,y,<]) (infix "<" 1))
(notation (in3[x,y,z,min]) (value z) (prefix "min"))
(notation (in3[x,y,z,max]) (value z) (prefix "max"))

(bounds (atoms 5) (variables 3) (predicate in (count 1) (atoms 1 3)))
