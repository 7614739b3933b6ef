(theory ; a
T[N ; b
, ; c
M] ; d
; e


(in[N ; f
,M]) ; g
) ; h