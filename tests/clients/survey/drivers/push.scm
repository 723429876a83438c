;; Pushes once with Guile's web client: LIBRARY METHOD URL BODY FILE. BODY says how the content of FILE is
;; given to it. Prints the status or the error that its caller sees.
(use-modules (ice-9 match) (ice-9 textual-ports) (ice-9 binary-ports) (rnrs bytevectors)
             (web client) (web response))

(match (command-line)
  ((_ _ method url kind path . _)
   (let ((text (call-with-input-file path get-string-all)))
     (catch #t
       (lambda ()
         (let ((response (http-request url
                                       #:method (string->symbol method)
                                       #:body (if (string=? kind "bytes") (string->utf8 text) text))))
           (format #t "status ~a~%" (response-code response))))
       (lambda (key . args) (format #t "error ~a ~s~%" key args))))))
