; The integers: from 0 by successor and predecessor, which undo each other.
(import "functions.mpl")

(define steps[Z,0,s,p]
  "0 is an integer, and successor and predecessor are functions each of which undoes the other."
  (&
    (in[0,Z])
    (function[s,Z,Z])
    (function[p,Z,Z])
    (>[x,y] (in2[x,y,s]) (in2[y,x,p]))
    (>[x,y] (in2[x,y,p]) (in2[y,x,s]))))

(generated "induction on the integers" steps[Z,0,s,p] Z 0 s[Z] p[Z])

(define integer-addition[Z,0,s,p,+]
  "x + 0 = x, x + s(y) = s(x + y), and x + p(y) = p(x + y)."
  (&
    (operation[+,Z,Z,Z])
    (>[x] (in[x,Z]) (in3[x,0,x,+]))
    (>[x,y,z] (in3[x,y,z,+]) (>[u,v] (& (in2[y,u,s]) (in2[z,v,s])) (in3[x,u,v,+])))
    (>[x,y,z] (in3[x,y,z,+]) (>[u,v] (& (in2[y,u,p]) (in2[z,v,p])) (in3[x,u,v,+])))))

(define negation[Z,0,s,p,-]
  "−0 = 0, −s(x) = p(−x), and −p(x) = s(−x)."
  (&
    (function[-,Z,Z])
    (in2[0,0,-])
    (>[x,y] (in2[x,y,-]) (>[u,v] (& (in2[x,u,s]) (in2[y,v,p])) (in2[u,v,-])))
    (>[x,y] (in2[x,y,-]) (>[u,v] (& (in2[x,u,p]) (in2[y,v,s])) (in2[u,v,-])))))

(define integer-multiplication[Z,0,s,p,+,-,*]
  "x · 0 = 0, x · s(y) = x · y + x, and x · p(y) = x · y + −x."
  (&
    (operation[*,Z,Z,Z])
    (>[x] (in[x,Z]) (in3[x,0,0,*]))
    (>[x,y,z] (in3[x,y,z,*]) (>[u,v] (& (in2[y,u,s]) (in3[z,x,v,+])) (in3[x,u,v,*])))
    (>[x,y,z] (in3[x,y,z,*])
      (>[u,m,v] (& (in2[y,u,p]) (in2[x,m,-]) (in3[z,m,v,+])) (in3[x,u,v,*])))))

(theory Integers[Z,0,s,p,+,-,*]
  "The integers with addition, negation and multiplication."
  (&
    (steps[Z,0,s,p])
    (integer-addition[Z,0,s,p,+])
    (negation[Z,0,s,p,-])
    (integer-multiplication[Z,0,s,p,+,-,*])))

(notation (in2[x,y,s]) (value y) (prefix "s"))
(notation (in2[x,y,p]) (value y) (prefix "p"))
(notation (in2[x,y,-]) (value y) (prefix "−"))
(notation (in3[x,y,z,+]) (value z) (infix "+" 5))
(notation (in3[x,y,z,*]) (value z) (infix "·" 6))

(bounds (atoms 5) (atoms-with-constant 2) (variables 3) (predicate in (count 0)))
