; Binary trees that carry things from a set A at their leaves.
(import "naturals.mpl")

(define Naturals[N,0,s] "Zero and successor." (successor[N,0,s]))

(generated "induction on the natural numbers" Naturals[N,0,s] N 0 s[N])

(define Trees[A,T,leaf,node]
  "A tree is a leaf with a thing from A, or a node with two trees, and not both; it determines of what it is made."
  (&
    (function[leaf,A,T])
    (operation[node,T,T,T])
    (>[a,t] (in2[a,t,leaf]) (>[x,y] (& (in[x,T]) (in[y,T])) !(in3[x,y,t,node])))
    (>[a,b,t] (& (in2[a,t,leaf]) (in2[b,t,leaf])) (=[a,b]))
    (>[x,y,u,v,t] (& (in3[x,y,t,node]) (in3[u,v,t,node])) (& (=[x,u]) (=[y,v])))))

(generated "induction on trees" Trees[A,T,leaf,node] T leaf[A] node[T,T])

(define mirroring[T,leaf,node,mirror]
  "mirror(leaf(a)) = leaf(a), and mirror(node(x, y)) = node(mirror(y), mirror(x))."
  (&
    (function[mirror,T,T])
    (>[a,t] (in2[a,t,leaf]) (in2[t,t,mirror]))
    (>[x,y,t,u,v,w] (& (in3[x,y,t,node]) (in2[x,u,mirror]) (in2[y,v,mirror]) (in3[v,u,w,node]))
      (in2[t,w,mirror]))))

(define counting[T,leaf,node,N,0,s,+,leaves,nodes]
  "A leaf has one leaf and no node; a node has the leaves of both its trees, and their nodes and one more."
  (&
    (function[leaves,T,N])
    (function[nodes,T,N])
    (>[a,t] (in2[a,t,leaf]) (in2[t,0,nodes]))
    (>[a,t,n] (& (in2[a,t,leaf]) (in2[0,n,s])) (in2[t,n,leaves]))
    (>[x,y,t,n,m,k] (& (in3[x,y,t,node]) (in2[x,n,leaves]) (in2[y,m,leaves]) (in3[n,m,k,+]))
      (in2[t,k,leaves]))
    (>[x,y,t,n,m,k,i]
      (& (in3[x,y,t,node]) (in2[x,n,nodes]) (in2[y,m,nodes]) (in3[n,m,k,+]) (in2[k,i,s]))
      (in2[t,i,nodes]))))

(define tree-mapping[A,T,leaf,node,f,map]
  "map(leaf(a)) = leaf(f(a)), and map(node(x, y)) = node(map(x), map(y))."
  (&
    (function[f,A,A])
    (function[map,T,T])
    (>[a,t,b,u] (& (in2[a,t,leaf]) (in2[a,b,f]) (in2[b,u,leaf])) (in2[t,u,map]))
    (>[x,y,t,u,v,w] (& (in3[x,y,t,node]) (in2[x,u,map]) (in2[y,v,map]) (in3[u,v,w,node]))
      (in2[t,w,map]))))

(theory TreesOverASet[A,T,leaf,node,mirror,N,0,s,+,leaves,nodes,f,map]
  "Trees over A with their mirror image, the numbers of their leaves and nodes, and map of a function f."
  (&
    (Trees[A,T,leaf,node])
    (mirroring[T,leaf,node,mirror])
    (Naturals[N,0,s])
    (addition[N,0,s,+])
    (counting[T,leaf,node,N,0,s,+,leaves,nodes])
    (tree-mapping[A,T,leaf,node,f,map])))

(notation (in2[a,t,leaf]) (value t) (prefix "leaf"))
(notation (in3[x,y,t,node]) (value t) (prefix "node"))
(notation (in2[x,y,mirror]) (value y) (prefix "mirror"))
(notation (in2[x,n,leaves]) (value n) (prefix "leaves"))
(notation (in2[x,n,nodes]) (value n) (prefix "nodes"))
(notation (in2[a,b,f]) (value b) (prefix "f"))
(notation (in2[x,y,map]) (value y) (prefix "map"))
(notation (in2[n,m,s]) (value m) (prefix "s"))
(notation (in3[n,m,k,+]) (value k) (infix "+" 5))

(bounds (atoms 5) (atoms-with-constant 2) (variables 3) (predicate in (count 0)))
