; The functions of a set into itself as things to calculate with: X holds the points, F the functions.
(import "functions.mpl")

(define application[app,X,F]
  "Each function has one value at each point, and functions with the same values are equal."
  (&
    (operation[app,F,X,X])
    (>[f,g] (& (in[f,F]) (in[g,F]) (>[x,y] (in3[f,x,y,app]) (in3[g,x,y,app]))) (=[f,g]))))

(define composing[∘,app,F]
  "(f ∘ g)(x) = f(g(x))."
  (&
    (operation[∘,F,F,F])
    (>[f,g,h] (in3[f,g,h,∘]) (>[x,y,z] (& (in3[g,x,y,app]) (in3[f,y,z,app])) (in3[h,x,z,app])))))

(define identity[i,app,X,F] "i(x) = x." (& (in[i,F]) (>[x] (in[x,X]) (in3[i,x,x,app]))))

(define injective[Inj,app,F]
  "The functions that have different values at different points."
  (&
    (>[f] (in[f,Inj]) (& (in[f,F]) (>[x,y,z] (& (in3[f,x,z,app]) (in3[f,y,z,app])) (=[x,y]))))
    (>[f] (& (in[f,F]) (>[x,y,z] (& (in3[f,x,z,app]) (in3[f,y,z,app])) (=[x,y]))) (in[f,Inj]))))

(define surjective[Sur,app,X,F]
  "The functions of which every point is a value."
  (&
    (>[f] (in[f,Sur]) (& (in[f,F]) (>[y] (in[y,X]) (exists[x] (in[x,X]) (in3[f,x,y,app])))))
    (>[f] (& (in[f,F]) (>[y] (in[y,X]) (exists[x] (in[x,X]) (in3[f,x,y,app])))) (in[f,Sur]))))

(theory Mappings[X,F,app,∘,i,Inj,Sur]
  "Functions with composition and identity, and which of them are injective and surjective."
  (&
    (application[app,X,F])
    (composing[∘,app,F])
    (identity[i,app,X,F])
    (injective[Inj,app,F])
    (surjective[Sur,app,X,F])))

(notation (in3[f,x,y,app]) (value y) (infix "@" 7))
(notation (in3[f,g,h,∘]) (value h) (infix "∘" 6))

(bounds (atoms 5) (atoms-with-constant 3) (variables 4) (predicate in (count 3)))
