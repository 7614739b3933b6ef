; The theory of lists.mpl with data types, and behind it the goals of lists.goals, one a line.
(declare-datatypes ((N 0)) (((zero) (s (s-1 N)))))
(define-fun-rec plus ((x N) (y N)) N (match y ((zero x) ((s z) (s (plus x z))))))
(define-fun-rec times ((x N) (y N)) N (match y ((zero zero) ((s z) (plus (times x z) x)))))
(declare-sort A 0)
(declare-datatypes ((L 0)) (((nil) (cons (car A) (cdr L)))))
(define-fun-rec app ((x L) (y L)) L (match x ((nil y) ((cons a z) (cons a (app z y))))))
(define-fun-rec rev ((x L)) L (match x ((nil nil) ((cons a z) (app (rev z) (cons a nil))))))
(define-fun-rec len ((x L)) N (match x ((nil zero) ((cons a z) (s (len z))))))
(define-fun-rec qrev ((x L) (y L)) L (match x ((nil y) ((cons a z) (qrev z (cons a y))))))
(define-fun-rec snoc ((x L) (a A)) L (match x ((nil (cons a nil)) ((cons b z) (cons b (snoc z a))))))
(define-fun-rec take ((n N) (x L)) L (match n ((zero nil) ((s m) (match x ((nil nil) ((cons a z) (cons a (take m z)))))))))
(define-fun-rec drop ((n N) (x L)) L (match n ((zero x) ((s m) (match x ((nil nil) ((cons a z) (drop m z))))))))
(declare-fun f (A) A)
(define-fun-rec map ((x L)) L (match x ((nil nil) ((cons a z) (cons (f a) (map z))))))
; lists-01
(assert (not (forall ((x L)) (= (app x nil) x))))
; lists-02
(assert (not (forall ((x L) (y L) (z L)) (= (app (app x y) z) (app x (app y z))))))
; lists-03
(assert (not (forall ((x L) (y L)) (= (rev (app x y)) (app (rev y) (rev x))))))
; lists-04
(assert (not (forall ((x L)) (= (rev (rev x)) x))))
; lists-05
(assert (not (forall ((x L) (y L)) (= (len (app x y)) (plus (len x) (len y))))))
; lists-06
(assert (not (forall ((x L) (y L)) (= (len (app x y)) (len (app y x))))))
; lists-07
(assert (not (forall ((x L)) (= (len (rev x)) (len x)))))
; lists-08
(assert (not (forall ((x L)) (= (qrev x nil) (rev x)))))
; lists-09
(assert (not (forall ((x L) (y L)) (= (qrev x y) (app (rev x) y)))))
; lists-10
(assert (not (forall ((x L)) (= (qrev (qrev x nil) nil) x))))
; lists-11
(assert (not (forall ((x L) (y L)) (= (len (qrev x y)) (plus (len x) (len y))))))
; lists-12
(assert (not (forall ((x L) (a A)) (= (snoc x a) (app x (cons a nil))))))
; lists-13
(assert (not (forall ((x L) (a A)) (= (rev (snoc x a)) (cons a (rev x))))))
; lists-14
(assert (not (forall ((x L) (a A)) (= (len (snoc x a)) (s (len x))))))
; lists-15
(assert (not (forall ((x L) (y L) (a A)) (= (snoc (app x y) a) (app x (snoc y a))))))
; lists-16
(assert (not (forall ((n N) (x L)) (= (app (take n x) (drop n x)) x))))
; lists-17
(assert (not (forall ((x L)) (= (take (len x) x) x))))
; lists-18
(assert (not (forall ((x L)) (= (drop (len x) x) nil))))
; lists-19
(assert (not (forall ((x L) (y L)) (= (take (len x) (app x y)) x))))
; lists-20
(assert (not (forall ((x L) (y L)) (= (drop (len x) (app x y)) y))))
; lists-21
(assert (not (forall ((n N) (m N) (x L)) (= (drop n (drop m x)) (drop (plus m n) x)))))
; lists-22
(assert (not (forall ((x L) (y L)) (= (map (app x y)) (app (map x) (map y))))))
; lists-23
(assert (not (forall ((x L)) (= (map (rev x)) (rev (map x))))))
; lists-24
(assert (not (forall ((x L)) (= (len (map x)) (len x)))))
; lists-25
(assert (not (forall ((n N) (x L)) (= (map (take n x)) (take n (map x))))))
; lists-26
(assert (not (forall ((n N) (x L)) (= (map (drop n x)) (drop n (map x))))))
; lists-27
(assert (not (forall ((x L) (y L) (z L)) (=> (= (app x y) (app x z)) (= y z)))))
; lists-28
(assert (not (forall ((x L) (y L)) (=> (= (rev x) (rev y)) (= x y)))))
; lists-29
(assert (not (forall ((n N) (x L)) (= (take n (take n x)) (take n x)))))
; lists-30
(assert (not (forall ((x L) (a A)) (= (map (snoc x a)) (snoc (map x) (f a))))))
