; Lists over a set, with numbers that count and cut them.
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

(define onto[L,nil,cons,qrev]
  "qrev(nil, y) = y, and qrev(a :: x, y) = qrev(x, a :: y)."
  (&
    (operation[qrev,L,L,L])
    (>[y] (in[y,L]) (in3[nil,y,y,qrev]))
    (>[a,x,u,y,v,z] (& (in3[a,x,u,cons]) (in3[a,y,v,cons]) (in3[x,v,z,qrev])) (in3[u,y,z,qrev]))))

(define adding[A,L,nil,cons,snoc]
  "snoc(nil, a) = a :: nil, and snoc(b :: x, a) = b :: snoc(x, a)."
  (&
    (operation[snoc,L,A,L])
    (>[a,u] (in3[a,nil,u,cons]) (in3[nil,a,u,snoc]))
    (>[x,a,y] (in3[x,a,y,snoc])
      (>[b,u,v] (& (in3[b,x,u,cons]) (in3[b,y,v,cons])) (in3[u,a,v,snoc])))))

(define taking[L,nil,cons,N,0,s,take]
  "take(0, x) = nil, take(n, nil) = nil, and take(s(n), a :: x) = a :: take(n, x)."
  (&
    (operation[take,N,L,L])
    (>[x] (in[x,L]) (in3[0,x,nil,take]))
    (>[n] (in[n,N]) (in3[n,nil,nil,take]))
    (>[n,x,y] (in3[n,x,y,take])
      (>[m,a,u,v] (& (in2[n,m,s]) (in3[a,x,u,cons]) (in3[a,y,v,cons])) (in3[m,u,v,take])))))

(define dropping[L,nil,cons,N,0,s,drop]
  "drop(0, x) = x, drop(n, nil) = nil, and drop(s(n), a :: x) = drop(n, x)."
  (&
    (operation[drop,N,L,L])
    (>[x] (in[x,L]) (in3[0,x,x,drop]))
    (>[n] (in[n,N]) (in3[n,nil,nil,drop]))
    (>[n,x,y] (in3[n,x,y,drop]) (>[m,a,u] (& (in2[n,m,s]) (in3[a,x,u,cons])) (in3[m,u,y,drop])))))

(define mapping[A,L,nil,cons,f,map]
  "map(nil) = nil, and map(a :: x) = f(a) :: map(x)."
  (&
    (function[f,A,A])
    (function[map,L,L])
    (in2[nil,nil,map])
    (>[x,y] (in2[x,y,map])
      (>[a,b,u,v] (& (in3[a,x,u,cons]) (in2[a,b,f]) (in3[b,y,v,cons])) (in2[u,v,map])))))

(theory ListProblems[A,L,nil,cons,++,rev,N,0,s,+,len,qrev,snoc,take,drop,f,map]
  (&
    (Lists[A,L,nil,cons])
    (appending[L,nil,cons,++])
    (reversal[L,nil,cons,++,rev])
    (Naturals[N,0,s])
    (addition[N,0,s,+])
    (length[L,nil,cons,N,0,s,len])
    (onto[L,nil,cons,qrev])
    (adding[A,L,nil,cons,snoc])
    (taking[L,nil,cons,N,0,s,take])
    (dropping[L,nil,cons,N,0,s,drop])
    (mapping[A,L,nil,cons,f,map])))

(bounds (atoms 4) (variables 3) (predicate in (count 0)))
