(define a[x] (b[x]))
(define b[x] (a[x]))
(theory T[x] (a[x]))
