; Lists of numbers.
(import "../../theories/naturals.mpl")

(define Naturals[N,0,s,+,*]
  "Zero, successor, addition and multiplication."
  (& (successor[N,0,s]) (addition[N,0,s,+]) (multiplication[N,0,s,+,*])))

(generated "induction on the natural numbers" Naturals[N,0,s,+,*] N 0 s[N])

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

(define summing[L,nil,cons,N,0,+,sum]
  "sum(nil) = 0, and sum(n :: x) = n + sum(x)."
  (&
    (function[sum,L,N])
    (in2[nil,0,sum])
    (>[x,m] (in2[x,m,sum]) (>[n,u,k] (& (in3[n,x,u,cons]) (in3[n,m,k,+])) (in2[u,k,sum])))))

(define product[L,nil,cons,N,0,s,*,prod]
  "prod(nil) = s(0), and prod(n :: x) = n · prod(x)."
  (&
    (function[prod,L,N])
    (>[k] (in2[0,k,s]) (in2[nil,k,prod]))
    (>[x,m] (in2[x,m,prod]) (>[n,u,k] (& (in3[n,x,u,cons]) (in3[n,m,k,*])) (in2[u,k,prod])))))

(define rising[L,nil,cons,s,inc]
  "inc(nil) = nil, and inc(n :: x) = s(n) :: inc(x)."
  (&
    (function[inc,L,L])
    (in2[nil,nil,inc])
    (>[x,y] (in2[x,y,inc])
      (>[n,m,u,v] (& (in3[n,x,u,cons]) (in2[n,m,s]) (in3[m,y,v,cons])) (in2[u,v,inc])))))

(define scaling[L,nil,cons,N,*,scale]
  "scale(k, nil) = nil, and scale(k, n :: x) = k · n :: scale(k, x)."
  (&
    (operation[scale,N,L,L])
    (>[k] (in[k,N]) (in3[k,nil,nil,scale]))
    (>[k,x,y] (in3[k,x,y,scale])
      (>[n,u,m,v] (& (in3[n,x,u,cons]) (in3[k,n,m,*]) (in3[m,y,v,cons])) (in3[k,u,v,scale])))))

(define repeating[L,nil,cons,N,0,s,rep]
  "rep(0, n) = nil, and rep(s(k), n) = n :: rep(k, n)."
  (&
    (operation[rep,N,N,L])
    (>[n] (in[n,N]) (in3[0,n,nil,rep]))
    (>[k,n,x] (in3[k,n,x,rep]) (>[m,u] (& (in2[k,m,s]) (in3[n,x,u,cons])) (in3[m,n,u,rep])))))

(theory NumberLists[N,0,s,+,*,L,nil,cons,++,rev,len,sum,prod,inc,scale,rep]
  (&
    (Naturals[N,0,s,+,*])
    (Lists[N,L,nil,cons])
    (appending[L,nil,cons,++])
    (reversal[L,nil,cons,++,rev])
    (length[L,nil,cons,N,0,s,len])
    (summing[L,nil,cons,N,0,+,sum])
    (product[L,nil,cons,N,0,s,*,prod])
    (rising[L,nil,cons,s,inc])
    (scaling[L,nil,cons,N,*,scale])
    (repeating[L,nil,cons,N,0,s,rep])))

(bounds (atoms 4) (variables 3) (predicate in (count 0)))
