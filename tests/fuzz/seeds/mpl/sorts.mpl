(theory T[a,b,c] (& (in[a,b]) (in2[b,b,c]) (in3[c,c,b,a])))
