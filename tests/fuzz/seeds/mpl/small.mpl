(theory T[N,i0] "Doc." (& (in[i0,N]) (>[x] (in[x,N]) !(=[x,i0]))))
(conjecture a (>[x] (in[x,N]) (in[x,N])))
