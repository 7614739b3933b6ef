; Binary trees with labels at their leaves, their lists of labels, and numbers that count.
(import "../../theories/naturals.mpl")

(define Naturals[N,0,s] "Zero and successor." (successor[N,0,s]))

(generated "induction on the natural numbers" Naturals[N,0,s] N 0 s[N])

(define Lists[A,L,nil,cons]
  "A list is empty, or has a first element and a rest, which it determines."
  (&
    (in[nil,L])
    (operation[cons,A,L,L])
    (>[a,x] (& (in[a,A]) (in[x,L])) !(in3[a,x,nil,cons]))
    (>[a,x,b,y,z] (& (in3[a,x,z,cons]) (in3[b,y,z,cons])) (& (=[a,b]) (=[x,y])))))

(generated "induction on lists" Lists[A,L,nil,cons] L nil cons[A,L])

(define appending[L,nil,cons,++]
  "nil ++ y = y, and (a :: x) ++ y = a :: (x ++ y)."
  (&
    (operation[++,L,L,L])
    (>[y] (in[y,L]) (in3[nil,y,y,++]))
    (>[x,y,z] (in3[x,y,z,++]) (>[a,u,v] (& (in3[a,x,u,cons]) (in3[a,z,v,cons])) (in3[u,y,v,++])))))

(define reversal[L,nil,cons,++,rev]
  "rev(nil) = nil, and rev(a :: x) = rev(x) ++ (a :: nil)."
  (&
    (function[rev,L,L])
    (in2[nil,nil,rev])
    (>[x,y] (in2[x,y,rev])
      (>[a,u,v,w] (& (in3[a,x,u,cons]) (in3[a,nil,v,cons]) (in3[y,v,w,++])) (in2[u,w,rev])))))

(define length[L,nil,cons,N,0,s,len]
  "len(nil) = 0, and len(a :: x) = s(len(x))."
  (&
    (function[len,L,N])
    (in2[nil,0,len])
    (>[x,n] (in2[x,n,len]) (>[a,u,m] (& (in3[a,x,u,cons]) (in2[n,m,s])) (in2[u,m,len])))))

(define Trees[A,T,leaf,node]
  "A tree is a leaf with a label or a node with two trees, and not both; it determines of what it is made."
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

(define counting[T,leaf,node,N,0,s,+,size,inner]
  "A leaf has size s(0) and no inner node; sizes of both parts add up, and inner nodes too, and one more."
  (&
    (function[size,T,N])
    (function[inner,T,N])
    (>[a,t] (in2[a,t,leaf]) (in2[t,0,inner]))
    (>[a,t,n] (& (in2[a,t,leaf]) (in2[0,n,s])) (in2[t,n,size]))
    (>[x,y,t,n,m,k] (& (in3[x,y,t,node]) (in2[x,n,size]) (in2[y,m,size]) (in3[n,m,k,+]))
      (in2[t,k,size]))
    (>[x,y,t,n,m,k,i]
      (& (in3[x,y,t,node]) (in2[x,n,inner]) (in2[y,m,inner]) (in3[n,m,k,+]) (in2[k,i,s]))
      (in2[t,i,inner]))))

(define flattening[T,leaf,node,L,nil,cons,++,flat]
  "flat(leaf(a)) = a :: nil, and flat(node(x, y)) = flat(x) ++ flat(y)."
  (&
    (function[flat,T,L])
    (>[a,t,u] (& (in2[a,t,leaf]) (in3[a,nil,u,cons])) (in2[t,u,flat]))
    (>[x,y,t,u,v,w] (& (in3[x,y,t,node]) (in2[x,u,flat]) (in2[y,v,flat]) (in3[u,v,w,++]))
      (in2[t,w,flat]))))

(define collecting[T,leaf,node,L,cons,onto]
  "onto(leaf(a), z) = a :: z, and onto(node(x, y), z) = onto(x, onto(y, z))."
  (&
    (operation[onto,T,L,L])
    (>[a,t,z,u] (& (in2[a,t,leaf]) (in3[a,z,u,cons])) (in3[t,z,u,onto]))
    (>[x,y,t,z,u,v] (& (in3[x,y,t,node]) (in3[y,z,u,onto]) (in3[x,u,v,onto])) (in3[t,z,v,onto]))))

(define mapping[A,L,nil,cons,T,leaf,node,f,map,tmap]
  "f is applied to each element of a list by map, and to each label of a tree by tmap."
  (&
    (function[f,A,A])
    (function[map,L,L])
    (in2[nil,nil,map])
    (>[x,y] (in2[x,y,map])
      (>[a,b,u,v] (& (in3[a,x,u,cons]) (in2[a,b,f]) (in3[b,y,v,cons])) (in2[u,v,map])))
    (function[tmap,T,T])
    (>[a,t,b,u] (& (in2[a,t,leaf]) (in2[a,b,f]) (in2[b,u,leaf])) (in2[t,u,tmap]))
    (>[x,y,t,u,v,w] (& (in3[x,y,t,node]) (in2[x,u,tmap]) (in2[y,v,tmap]) (in3[u,v,w,node]))
      (in2[t,w,tmap]))))

(theory TreeProblems[A,L,nil,cons,++,rev,N,0,s,+,len,T,leaf,node,mirror,size,inner,flat,onto,f,map,tmap]
  (&
    (Lists[A,L,nil,cons])
    (appending[L,nil,cons,++])
    (reversal[L,nil,cons,++,rev])
    (Naturals[N,0,s])
    (addition[N,0,s,+])
    (length[L,nil,cons,N,0,s,len])
    (Trees[A,T,leaf,node])
    (mirroring[T,leaf,node,mirror])
    (counting[T,leaf,node,N,0,s,+,size,inner])
    (flattening[T,leaf,node,L,nil,cons,++,flat])
    (collecting[T,leaf,node,L,cons,onto])
    (mapping[A,L,nil,cons,T,leaf,node,f,map,tmap])))

(bounds (atoms 4) (variables 3) (predicate in (count 0)))
