; Directed graphs: what can be reached from where, and in how many steps.
(import "naturals.mpl")
(import "properties.mpl")

(define Naturals[N,0,s] "Zero and successor." (successor[N,0,s]))

(generated "induction on the natural numbers" Naturals[N,0,s] N 0 s[N])

(define walks[V,→,N,0,s,walk]
  "A walk of 0 steps stays where it is, and one of s(n) steps is one of n steps and an edge."
  (&
    (>[n,x,y] (in3[n,x,y,walk]) (& (in[n,N]) (in[x,V]) (in[y,V])))
    (>[x] (in[x,V]) (in3[0,x,x,walk]))
    (>[x,y] (in3[0,x,y,walk]) (=[x,y]))
    (>[n,x,y,z,m] (& (in3[n,x,y,walk]) (in2[y,z,→]) (in2[n,m,s])) (in3[m,x,z,walk]))
    (>[n,m,x,z] (& (in2[n,m,s]) (in3[m,x,z,walk])) (exists[y] (in3[n,x,y,walk]) (in2[y,z,→])))))

(define reaching[⇝,N,walk]
  "x ⇝ y if there is a walk from x to y."
  (&
    (>[n,x,y] (in3[n,x,y,walk]) (in2[x,y,⇝]))
    (>[x,y] (in2[x,y,⇝]) (exists[n] (in[n,N]) (in3[n,x,y,walk])))))

(define strongly-connected[⇄,⇝]
  "x ⇄ y if each can be reached from the other."
  (&
    (>[x,y] (in2[x,y,⇄]) (& (in2[x,y,⇝]) (in2[y,x,⇝])))
    (>[x,y] (& (in2[x,y,⇝]) (in2[y,x,⇝])) (in2[x,y,⇄]))))

(theory Graph[V,→,N,0,s,+,walk,⇝,⇄]
  "Vertices and edges, walks with the number of their steps, reachability, and strong connection."
  (&
    (on[→,V])
    (Naturals[N,0,s])
    (addition[N,0,s,+])
    (walks[V,→,N,0,s,walk])
    (reaching[⇝,N,walk])
    (strongly-connected[⇄,⇝])))

(notation (in2[x,y,→]) (infix "⟶" 1))
(notation (in3[n,x,y,walk]) (prefix "walk"))
(notation (in2[x,y,⇝]) (infix "⇝" 1))
(notation (in2[x,y,⇄]) (infix "⇄" 1))
(notation (in2[n,m,s]) (value m) (prefix "s"))
(notation (in3[n,m,k,+]) (value k) (infix "+" 5))

(bounds (atoms 5) (atoms-with-constant 2) (variables 4) (predicate in (count 1) (atoms 1 2)))
