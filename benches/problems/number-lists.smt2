; The theory of number-lists.mpl with data types, and behind it the goals of number-lists.goals, one a line.
(declare-datatypes ((N 0)) (((zero) (s (s-1 N)))))
(define-fun-rec plus ((x N) (y N)) N (match y ((zero x) ((s z) (s (plus x z))))))
(define-fun-rec times ((x N) (y N)) N (match y ((zero zero) ((s z) (plus (times x z) x)))))
(declare-datatypes ((L 0)) (((nil) (cons (car N) (cdr L)))))
(define-fun-rec app ((x L) (y L)) L (match x ((nil y) ((cons a z) (cons a (app z y))))))
(define-fun-rec rev ((x L)) L (match x ((nil nil) ((cons a z) (app (rev z) (cons a nil))))))
(define-fun-rec len ((x L)) N (match x ((nil zero) ((cons a z) (s (len z))))))
(define-fun-rec sum ((x L)) N (match x ((nil zero) ((cons n z) (plus n (sum z))))))
(define-fun-rec prod ((x L)) N (match x ((nil (s zero)) ((cons n z) (times n (prod z))))))
(define-fun-rec inc ((x L)) L (match x ((nil nil) ((cons n z) (cons (s n) (inc z))))))
(define-fun-rec scale ((k N) (x L)) L (match x ((nil nil) ((cons n z) (cons (times k n) (scale k z))))))
(define-fun-rec rep ((k N) (n N)) L (match k ((zero nil) ((s m) (cons n (rep m n))))))
; number-lists-01
(assert (not (forall ((x L) (y L)) (= (sum (app x y)) (plus (sum x) (sum y))))))
; number-lists-02
(assert (not (forall ((x L) (y L)) (= (sum (app x y)) (sum (app y x))))))
; number-lists-03
(assert (not (forall ((x L)) (= (sum (rev x)) (sum x)))))
; number-lists-04
(assert (not (forall ((x L) (y L)) (= (prod (app x y)) (times (prod x) (prod y))))))
; number-lists-05
(assert (not (forall ((x L)) (= (prod (rev x)) (prod x)))))
; number-lists-06
(assert (not (forall ((x L)) (= (len (inc x)) (len x)))))
; number-lists-07
(assert (not (forall ((x L)) (= (sum (inc x)) (plus (sum x) (len x))))))
; number-lists-08
(assert (not (forall ((x L) (y L)) (= (inc (app x y)) (app (inc x) (inc y))))))
; number-lists-09
(assert (not (forall ((x L)) (= (inc (rev x)) (rev (inc x))))))
; number-lists-10
(assert (not (forall ((k N) (x L)) (= (sum (scale k x)) (times k (sum x))))))
; number-lists-11
(assert (not (forall ((k N) (x L) (y L)) (= (scale k (app x y)) (app (scale k x) (scale k y))))))
; number-lists-12
(assert (not (forall ((k N) (n N) (x L)) (= (scale k (scale n x)) (scale (times k n) x)))))
; number-lists-13
(assert (not (forall ((k N) (n N)) (= (len (rep k n)) k))))
; number-lists-14
(assert (not (forall ((k N) (n N)) (= (sum (rep k n)) (times k n)))))
; number-lists-15
(assert (not (forall ((k N) (m N) (n N)) (= (rep (plus k m) n) (app (rep m n) (rep k n))))))
; number-lists-16
(assert (not (forall ((k N) (n N)) (= (rev (rep k n)) (rep k n)))))
; number-lists-17
(assert (not (forall ((k N) (n N)) (= (inc (rep k n)) (rep k (s n))))))
