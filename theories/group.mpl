; Groups, from as little as is needed: the identity and the inverses are left ones only.
(import "functions.mpl")

(theory Group[G,*,e,inv]
  "An associative operation with a left identity and left inverses."
  (&
    (operation[*,G,G,G])
    (in[e,G])
    (function[inv,G,G])
    (>[x,y,u] (in3[x,y,u,*]) (>[z,v] (in3[y,z,v,*]) (>[w] (in3[u,z,w,*]) (in3[x,v,w,*]))))
    (>[x] (in[x,G]) (in3[e,x,x,*]))
    (>[x,y] (in2[x,y,inv]) (in3[y,x,e,*]))))

(notation (in3[x,y,z,*]) (value z) (infix "·" 6))
(notation (in2[x,y,inv]) (value y) (postfix "⁻¹"))

(bounds (atoms 5) (atoms-with-constant 3) (variables 4) (predicate in (count 0)))
