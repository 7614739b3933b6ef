; The natural numbers with functions of one's first course: each by recursion on its last argument.
(import "../../theories/naturals.mpl")

(define Naturals[N,0,s,+,*]
  "Zero, successor, addition and multiplication."
  (& (successor[N,0,s]) (addition[N,0,s,+]) (multiplication[N,0,s,+,*])))

(generated "induction on the natural numbers" Naturals[N,0,s,+,*] N 0 s[N])

(define doubling[N,0,s,double]
  "double(0) = 0, and double(s(x)) = s(s(double(x)))."
  (&
    (function[double,N,N])
    (in2[0,0,double])
    (>[x,y] (in2[x,y,double])
      (>[u,v,w] (& (in2[x,u,s]) (in2[y,v,s]) (in2[v,w,s])) (in2[u,w,double])))))

(define predecessor[N,0,s,pred]
  "pred(0) = 0, and pred(s(x)) = x."
  (& (function[pred,N,N]) (in2[0,0,pred]) (>[x,y] (in2[x,y,s]) (in2[y,x,pred]))))

(define subtraction[N,0,s,pred,-]
  "x - 0 = x, and x - s(y) = pred(x - y)."
  (&
    (operation[-,N,N,N])
    (>[x] (in[x,N]) (in3[x,0,x,-]))
    (>[x,y,z] (in3[x,y,z,-]) (>[u,v] (& (in2[y,u,s]) (in2[z,v,pred])) (in3[x,u,v,-])))))

(define maximum[N,0,s,max]
  "max(x, 0) = x, max(0, y) = y, and max(s(x), s(y)) = s(max(x, y))."
  (&
    (operation[max,N,N,N])
    (>[x] (in[x,N]) (& (in3[x,0,x,max]) (in3[0,x,x,max])))
    (>[x,y,z] (in3[x,y,z,max])
      (>[u,v,w] (& (in2[x,u,s]) (in2[y,v,s]) (in2[z,w,s])) (in3[u,v,w,max])))))

(define minimum[N,0,s,min]
  "min(x, 0) = 0, min(0, y) = 0, and min(s(x), s(y)) = s(min(x, y))."
  (&
    (operation[min,N,N,N])
    (>[x] (in[x,N]) (& (in3[x,0,0,min]) (in3[0,x,0,min])))
    (>[x,y,z] (in3[x,y,z,min])
      (>[u,v,w] (& (in2[x,u,s]) (in2[y,v,s]) (in2[z,w,s])) (in3[u,v,w,min])))))

(define triangle[N,0,s,+,tri]
  "tri(0) = 0, and tri(s(x)) = tri(x) + s(x)."
  (&
    (function[tri,N,N])
    (in2[0,0,tri])
    (>[x,y] (in2[x,y,tri]) (>[u,v] (& (in2[x,u,s]) (in3[y,u,v,+])) (in2[u,v,tri])))))

(theory Numbers[N,0,s,+,*,double,pred,-,max,min,tri]
  (&
    (Naturals[N,0,s,+,*])
    (doubling[N,0,s,double])
    (predecessor[N,0,s,pred])
    (subtraction[N,0,s,pred,-])
    (maximum[N,0,s,max])
    (minimum[N,0,s,min])
    (triangle[N,0,s,+,tri])))

(bounds (atoms 4) (variables 3) (predicate in (count 0)))
