(theory T[N,x,y] (>[z] (in[z,N]) (in[z,N])))
