; Sets of things, through membership: U holds the things, S the sets of them, F the families of such sets.
(import "functions.mpl")

(define membership[ε,U,S]
  "ε relates things of U to sets of S."
  (>[x,a] (in2[x,a,ε]) (& (in[x,U]) (in[a,S]))))

(define inclusion[⊆,ε,S]
  "a ⊆ b if b has all elements of a; sets that include each other are equal."
  (&
    (>[a,b] (in2[a,b,⊆]) (& (in[a,S]) (in[b,S]) (>[x] (in2[x,a,ε]) (in2[x,b,ε]))))
    (>[a,b] (& (in[a,S]) (in[b,S]) (>[x] (in2[x,a,ε]) (in2[x,b,ε]))) (in2[a,b,⊆]))
    (>[a,b] (& (in2[a,b,⊆]) (in2[b,a,⊆])) (=[a,b]))))

(define union[∪,ε,S]
  "The elements of a ∪ b are those of a and those of b."
  (&
    (operation[∪,S,S,S])
    (>[a,b,c,x] (& (in3[a,b,c,∪]) (in2[x,a,ε])) (in2[x,c,ε]))
    (>[a,b,c,x] (& (in3[a,b,c,∪]) (in2[x,b,ε])) (in2[x,c,ε]))
    (>[a,b,c,x] (& (in3[a,b,c,∪]) (in2[x,c,ε])) (or (in2[x,a,ε]) (in2[x,b,ε])))))

(define intersection[∩,ε,S]
  "The elements of a ∩ b are those of a that are in b."
  (&
    (operation[∩,S,S,S])
    (>[a,b,c,x] (& (in3[a,b,c,∩]) (in2[x,c,ε])) (& (in2[x,a,ε]) (in2[x,b,ε])))
    (>[a,b,c,x] (& (in3[a,b,c,∩]) (in2[x,a,ε]) (in2[x,b,ε])) (in2[x,c,ε]))))

(define complement[ᶜ,ε,U,S]
  "The elements of the complement of a are the things that are not in a."
  (&
    (function[ᶜ,S,S])
    (>[a,b,x] (& (in2[a,b,ᶜ]) (in2[x,b,ε])) !(in2[x,a,ε]))
    (>[a,b,x] (& (in2[a,b,ᶜ]) (in[x,U])) (>[] !(in2[x,a,ε]) (in2[x,b,ε])))))

(define empty[∅,ε,U,S] "∅ is a set without elements." (& (in[∅,S]) (>[x] (in[x,U]) !(in2[x,∅,ε]))))

(define power[℘,∊,⊆,S,F]
  "The members of ℘(a) are the sets that are included in a."
  (&
    (function[℘,S,F])
    (>[c,f] (in2[c,f,∊]) (& (in[c,S]) (in[f,F])))
    (>[a,f,c] (& (in2[a,f,℘]) (in2[c,f,∊])) (in2[c,a,⊆]))
    (>[a,f,c] (& (in2[a,f,℘]) (in2[c,a,⊆])) (in2[c,f,∊]))))

(theory Sets[U,S,ε,⊆,∅,∪,∩,ᶜ,F,∊,℘]
  "Sets of things with inclusion, the empty set, union, intersection, complement and power sets."
  (&
    (membership[ε,U,S])
    (inclusion[⊆,ε,S])
    (empty[∅,ε,U,S])
    (union[∪,ε,S])
    (intersection[∩,ε,S])
    (complement[ᶜ,ε,U,S])
    (power[℘,∊,⊆,S,F])))

(notation (in2[x,a,ε]) (infix "ε" 1))
(notation (in2[a,b,⊆]) (infix "⊆" 1))
(notation (in3[a,b,c,∪]) (value c) (infix "∪" 5))
(notation (in3[a,b,c,∩]) (value c) (infix "∩" 6))
(notation (in2[a,b,ᶜ]) (value b) (postfix "ᶜ"))
(notation (in2[c,f,∊]) (infix "∊" 1))
(notation (in2[a,f,℘]) (value f) (prefix "℘"))

(bounds
  (atoms 5)
  (atoms-with-constant 2)
  (variables 3)
  (predicate in (count 0))
  (predicate in2 (count 3)))
