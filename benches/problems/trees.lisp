; The theory of trees.mpl in the language of ACL2, and behind it the goals of trees.goals, one a line.
(defun natlikep (x) (if (consp x) (and (equal (car x) nil) (natlikep (cdr x))) (equal x nil)))
(defun sz (x) (cons nil x))
(defun plus (x y) (if (consp y) (sz (plus x (cdr y))) x))
(defun times (x y) (if (consp y) (plus (times x (cdr y)) x) nil))
(defun app (x y) (if (consp x) (cons (car x) (app (cdr x) y)) y))
(defun rev (x) (if (consp x) (app (rev (cdr x)) (cons (car x) nil)) nil))
(defun size (x) (if (consp x) (sz (size (cdr x))) nil))
(defun is-leaf (x) (and (consp x) (equal (car x) :leaf)))
(defun leaf (a) (cons :leaf a))
(defun node (x y) (cons :node (cons x y)))
(defun treep (x) (if (atom x) nil (if (is-leaf x) t (and (equal (car x) :node) (consp (cdr x)) (treep (cadr x)) (treep (cddr x))))))
(defun mirror (x) (if (atom x) x (if (is-leaf x) x (node (mirror (cddr x)) (mirror (cadr x))))))
(defun tsize (x) (if (atom x) nil (if (is-leaf x) (sz nil) (plus (tsize (cadr x)) (tsize (cddr x))))))
(defun inner (x) (if (atom x) nil (if (is-leaf x) nil (sz (plus (inner (cadr x)) (inner (cddr x)))))))
(defun flat (x) (if (atom x) nil (if (is-leaf x) (cons (cdr x) nil) (app (flat (cadr x)) (flat (cddr x))))))
(defun onto (x z) (if (atom x) z (if (is-leaf x) (cons (cdr x) z) (onto (cadr x) (onto (cddr x) z)))))
(defstub ff (a) t)
(defun lmap (x) (if (consp x) (cons (ff (car x)) (lmap (cdr x))) nil))
(defun tmap (x) (if (atom x) x (if (is-leaf x) (leaf (ff (cdr x))) (node (tmap (cadr x)) (tmap (cddr x))))))
; trees-01
(thm (implies (and (treep x)) (equal (mirror (mirror x)) x)))
; trees-02
(thm (implies (and (treep x)) (equal (tsize (mirror x)) (tsize x))))
; trees-03
(thm (implies (and (treep x)) (equal (inner (mirror x)) (inner x))))
; trees-04
(thm (implies (and (treep x)) (equal (tsize x) (sz (inner x)))))
; trees-05
(thm (implies (and (treep x)) (equal (flat (mirror x)) (rev (flat x)))))
; trees-06
(thm (implies (and (treep x)) (equal (size (flat x)) (tsize x))))
; trees-07
(thm (implies (and (treep x)) (equal (size (flat (mirror x))) (tsize x))))
; trees-08
(thm (implies (and (treep x)) (equal (onto x nil) (flat x))))
; trees-09
(thm (implies (and (treep x) (true-listp l)) (equal (onto x l) (app (flat x) l))))
; trees-10
(thm (implies (and (treep x) (true-listp l)) (equal (size (onto x l)) (plus (tsize x) (size l)))))
; trees-11
(thm (implies (and (treep x)) (equal (rev (flat (mirror x))) (flat x))))
; trees-12
(thm (implies (and (treep x)) (equal (tmap (mirror x)) (mirror (tmap x)))))
; trees-13
(thm (implies (and (treep x)) (equal (tsize (tmap x)) (tsize x))))
; trees-14
(thm (implies (and (treep x)) (equal (inner (tmap x)) (inner x))))
; trees-15
(thm (implies (and (treep x)) (equal (flat (tmap x)) (lmap (flat x)))))
; trees-16
(thm (implies (and (treep x) (true-listp l)) (equal (lmap (onto x l)) (onto (tmap x) (lmap l)))))
; trees-17
(thm (implies (and (treep x) (treep y) (equal (mirror x) (mirror y))) (equal x y)))
; trees-18
(thm (implies (and (treep x)) (equal (size (rev (flat x))) (sz (inner x)))))
