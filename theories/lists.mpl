; Lists of things from a set A, with what one does with them first.
(import "naturals.mpl")

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

(define mapping[A,L,nil,cons,f,map]
  "map(nil) = nil, and map(a :: x) = f(a) :: map(x)."
  (&
    (function[f,A,A])
    (function[map,L,L])
    (in2[nil,nil,map])
    (>[x,y] (in2[x,y,map])
      (>[a,b,u,v] (& (in3[a,x,u,cons]) (in2[a,b,f]) (in3[b,y,v,cons])) (in2[u,v,map])))))

(define filtering[L,nil,cons,P,filter]
  "filter(nil) = nil, and filter(a :: x) is a :: filter(x) if a is in P, and filter(x) otherwise."
  (&
    (function[filter,L,L])
    (in2[nil,nil,filter])
    (>[x,y] (in2[x,y,filter])
      (>[a,u] (in3[a,x,u,cons])
        (&
          (>[v] (& (in[a,P]) (in3[a,y,v,cons])) (in2[u,v,filter]))
          (>[] !(in[a,P]) (in2[u,y,filter])))))))

(theory ListsOverASet[A,L,nil,cons,++,rev,N,0,s,+,len,f,map,P,filter]
  "Lists over A with append, reverse, length, map of a function f, and filter by a set P."
  (&
    (Lists[A,L,nil,cons])
    (appending[L,nil,cons,++])
    (reversal[L,nil,cons,++,rev])
    (Naturals[N,0,s])
    (addition[N,0,s,+])
    (length[L,nil,cons,N,0,s,len])
    (mapping[A,L,nil,cons,f,map])
    (filtering[L,nil,cons,P,filter])))

(notation (in3[a,x,y,cons]) (value y) (infix "::" 7))
(notation (in3[x,y,z,++]) (value z) (infix "++" 5))
(notation (in2[x,y,rev]) (value y) (prefix "rev"))
(notation (in2[x,n,len]) (value n) (prefix "len"))
(notation (in2[a,b,f]) (value b) (prefix "f"))
(notation (in2[x,y,map]) (value y) (prefix "map"))
(notation (in2[x,y,filter]) (value y) (prefix "filter"))
(notation (in2[n,m,s]) (value m) (prefix "s"))
(notation (in3[n,m,k,+]) (value k) (infix "+" 5))

(bounds (atoms 5) (atoms-with-constant 2) (variables 3) (predicate in (count 0)))
