; The theory of trees.mpl with data types, and behind it the goals of trees.goals, one a line.
(declare-datatypes ((N 0)) (((zero) (s (s-1 N)))))
(define-fun-rec plus ((x N) (y N)) N (match y ((zero x) ((s z) (s (plus x z))))))
(define-fun-rec times ((x N) (y N)) N (match y ((zero zero) ((s z) (plus (times x z) x)))))
(declare-sort A 0)
(declare-datatypes ((L 0)) (((nil) (cons (car A) (cdr L)))))
(define-fun-rec app ((x L) (y L)) L (match x ((nil y) ((cons a z) (cons a (app z y))))))
(define-fun-rec rev ((x L)) L (match x ((nil nil) ((cons a z) (app (rev z) (cons a nil))))))
(define-fun-rec len ((x L)) N (match x ((nil zero) ((cons a z) (s (len z))))))
(declare-datatypes ((T 0)) (((leaf (label A)) (node (left T) (right T)))))
(define-fun-rec mirror ((t T)) T (match t (((leaf a) t) ((node x y) (node (mirror y) (mirror x))))))
(define-fun-rec size ((t T)) N (match t (((leaf a) (s zero)) ((node x y) (plus (size x) (size y))))))
(define-fun-rec inner ((t T)) N (match t (((leaf a) zero) ((node x y) (s (plus (inner x) (inner y)))))))
(define-fun-rec flat ((t T)) L (match t (((leaf a) (cons a nil)) ((node x y) (app (flat x) (flat y))))))
(define-fun-rec onto ((t T) (z L)) L (match t (((leaf a) (cons a z)) ((node x y) (onto x (onto y z))))))
(declare-fun f (A) A)
(define-fun-rec map ((x L)) L (match x ((nil nil) ((cons a z) (cons (f a) (map z))))))
(define-fun-rec tmap ((t T)) T (match t (((leaf a) (leaf (f a))) ((node x y) (node (tmap x) (tmap y))))))
; trees-01
(assert (not (forall ((x T)) (= (mirror (mirror x)) x))))
; trees-02
(assert (not (forall ((x T)) (= (size (mirror x)) (size x)))))
; trees-03
(assert (not (forall ((x T)) (= (inner (mirror x)) (inner x)))))
; trees-04
(assert (not (forall ((x T)) (= (size x) (s (inner x))))))
; trees-05
(assert (not (forall ((x T)) (= (flat (mirror x)) (rev (flat x))))))
; trees-06
(assert (not (forall ((x T)) (= (len (flat x)) (size x)))))
; trees-07
(assert (not (forall ((x T)) (= (len (flat (mirror x))) (size x)))))
; trees-08
(assert (not (forall ((x T)) (= (onto x nil) (flat x)))))
; trees-09
(assert (not (forall ((x T) (l L)) (= (onto x l) (app (flat x) l)))))
; trees-10
(assert (not (forall ((x T) (l L)) (= (len (onto x l)) (plus (size x) (len l))))))
; trees-11
(assert (not (forall ((x T)) (= (rev (flat (mirror x))) (flat x)))))
; trees-12
(assert (not (forall ((x T)) (= (tmap (mirror x)) (mirror (tmap x))))))
; trees-13
(assert (not (forall ((x T)) (= (size (tmap x)) (size x)))))
; trees-14
(assert (not (forall ((x T)) (= (inner (tmap x)) (inner x)))))
; trees-15
(assert (not (forall ((x T)) (= (flat (tmap x)) (map (flat x))))))
; trees-16
(assert (not (forall ((x T) (l L)) (= (map (onto x l)) (onto (tmap x) (map l))))))
; trees-17
(assert (not (forall ((x T) (y T)) (=> (= (mirror x) (mirror y)) (= x y)))))
; trees-18
(assert (not (forall ((x T)) (= (len (rev (flat x))) (s (inner x))))))
