; Relations on a set as things to calculate with: X holds the points, R the relations between them.
(import "functions.mpl")

(define comparison[⊆,rel,X,R]
  "r ⊆ t if t relates all that r relates; relations that include each other are equal."
  (&
    (>[x,y,r] (in3[x,y,r,rel]) (& (in[x,X]) (in[y,X]) (in[r,R])))
    (>[r,t] (in2[r,t,⊆]) (& (in[r,R]) (in[t,R]) (>[x,y] (in3[x,y,r,rel]) (in3[x,y,t,rel]))))
    (>[r,t] (& (in[r,R]) (in[t,R]) (>[x,y] (in3[x,y,r,rel]) (in3[x,y,t,rel]))) (in2[r,t,⊆]))
    (>[r,t] (& (in2[r,t,⊆]) (in2[t,r,⊆])) (=[r,t]))))

(define composition[∘,rel,R]
  "r ∘ t relates x to z if r relates x to some y, and t relates this y to z."
  (&
    (operation[∘,R,R,R])
    (>[r,t,q,x,y,z] (& (in3[r,t,q,∘]) (in3[x,y,r,rel]) (in3[y,z,t,rel])) (in3[x,z,q,rel]))
    (>[r,t,q,x,z] (& (in3[r,t,q,∘]) (in3[x,z,q,rel]))
      (exists[y] (in3[x,y,r,rel]) (in3[y,z,t,rel])))))

(define converse[˘,rel,R]
  "The converse of r relates y to x if r relates x to y."
  (&
    (function[˘,R,R])
    (>[r,t,x,y] (& (in2[r,t,˘]) (in3[x,y,r,rel])) (in3[y,x,t,rel]))
    (>[r,t,x,y] (& (in2[r,t,˘]) (in3[y,x,t,rel])) (in3[x,y,r,rel]))))

(define identity[i,rel,X,R]
  "i relates each point to itself and to no other."
  (& (in[i,R]) (>[x] (in[x,X]) (in3[x,x,i,rel])) (>[x,y] (in3[x,y,i,rel]) (=[x,y]))))

(define closure[⁺,∘,⊆,R]
  "The transitive closure of r is the least transitive relation that includes r."
  (&
    (function[⁺,R,R])
    (>[r,c] (in2[r,c,⁺]) (in2[r,c,⊆]))
    (>[r,c,d] (& (in2[r,c,⁺]) (in3[c,c,d,∘])) (in2[d,c,⊆]))
    (>[r,c,t,d] (& (in2[r,c,⁺]) (in2[r,t,⊆]) (in3[t,t,d,∘]) (in2[d,t,⊆])) (in2[c,t,⊆]))))

(theory Relations[X,R,rel,⊆,∘,˘,i,⁺]
  "Relations with inclusion, composition, converse, identity and transitive closure."
  (&
    (comparison[⊆,rel,X,R])
    (composition[∘,rel,R])
    (converse[˘,rel,R])
    (identity[i,rel,X,R])
    (closure[⁺,∘,⊆,R])))

(notation (in3[x,y,r,rel]) (prefix "rel"))
(notation (in2[r,t,⊆]) (infix "⊆" 1))
(notation (in3[r,t,q,∘]) (value q) (infix "∘" 6))
(notation (in2[r,t,˘]) (value t) (postfix "˘"))
(notation (in2[r,t,⁺]) (value t) (postfix "⁺"))

(bounds (atoms 5) (atoms-with-constant 2) (variables 3) (predicate in (count 0)))
