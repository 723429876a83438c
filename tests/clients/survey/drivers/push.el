;;; Pushes once with Emacs's url: LIBRARY METHOD URL BODY FILE. -*- lexical-binding: t -*-
;; Prints the status or the error that its caller sees.
(require 'url)
(pcase command-line-args-left
  (`(,_ ,method ,url ,_ ,path . ,_)
   (let ((url-request-method method)
         (url-request-data (with-temp-buffer (insert-file-contents-literally path) (buffer-string))))
     (condition-case problem
         (with-current-buffer (url-retrieve-synchronously url t)
           (princ (format "status %s\n" url-http-response-status)))
       (error (princ (format "error %s\n" (error-message-string problem))))))))
(setq command-line-args-left nil)
