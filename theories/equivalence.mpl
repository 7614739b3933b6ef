; Equivalence relations and the classes into which they divide a set.
(import "functions.mpl")
(import "properties.mpl")

(define classes[~,X,C,class]
  "Equivalent elements, and only they, have the same class; every class is that of some element."
  (&
    (function[class,X,C])
    (>[x,y,c] (& (in2[x,y,~]) (in2[x,c,class])) (in2[y,c,class]))
    (>[x,y,c] (& (in2[x,c,class]) (in2[y,c,class])) (in2[x,y,~]))
    (>[c] (in[c,C]) (exists[x] (in[x,X]) (in2[x,c,class])))))

(theory Equivalence[X,~,C,class]
  "A reflexive, symmetric and transitive relation with its classes."
  (& (on[~,X]) (reflexive[~,X]) (symmetric[~]) (transitive[~]) (classes[~,X,C,class])))

(notation (in2[x,y,~]) (infix "~" 1))
(notation (in2[x,c,class]) (value c) (prefix "class"))

(bounds (atoms 4) (variables 4) (predicate in (count 1) (atoms 1 2)))
