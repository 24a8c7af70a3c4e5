Feature: HTTP answers

  @FIP-HTTP-001 @must @grade-A @needs-http @needs-https @each-protocol
  Scenario: An answer begins with a status line of HTTP/1
    RFC 9112 §4: "The first line of a response message is the status-line, consisting of the protocol version, a space (SP), the status code, and another space".
    Given a file of several blocks
    When a phone asks for it over HTTP
    Then the answer begins with a status line

  @FIP-HTTP-002 @must @grade-B @needs-http @needs-https @each-protocol
  Scenario: A file comes with status 200
    RFC 9110 §15.3.1: "The 200 (OK) status code indicates that the request has succeeded."
    Given a file of several blocks
    When a phone asks for it over HTTP
    Then of all good statuses it is 200

  @FIP-HTTP-003 @must @grade-A @needs-http @needs-https @each-protocol
  Scenario Outline: As many bytes come as are announced: <file>
    RFC 9112 §6.3: if fewer bytes than Content-Length come, "the recipient MUST consider the message to be incomplete"; more would be taken for the next answer.
    Given a <file>
    When a phone asks for it over HTTP and listens on
    Then as many bytes came as Content-Length says

    Examples:
      | file                   |
      | file of several blocks |
      | boot file of a phone   |
      | cfg file of a phone    |
      | file that is missing   |

  @FIP-HTTP-004 @must @grade-A @needs-http @needs-https @each-protocol
  Scenario: The end of an answer can be told
    RFC 9112 §6.3: the body ends as Content-Length or chunked coding says, or else is all that comes "prior to the server closing the connection".
    Given a file of several blocks
    When a phone asks for it over HTTP
    Then the answer came to an end

  @FIP-HTTP-005 @must @grade-A @needs-http @needs-https @each-protocol
  Scenario: Requests over one connection get their answers in order
    RFC 9112 §9.2: HTTP "relies on the order of response arrival corresponding exactly to the order in which requests are made on the same connection".
    Given a file of several blocks
    When a phone asks for it, for another file and for it again over one HTTP connection
    Then each request got its own answer

  @FIP-HTTP-006 @should @grade-A @needs-http @needs-https @each-protocol
  Scenario: A percent-encoded letter is that letter
    RFC 9110 §4.2.3: "Characters other than those in the "reserved" set are equivalent to their percent-encoded octets".
    Given a file of several blocks
    When a phone asks for it over HTTP with the last letter of its name percent-encoded
    Then it came over HTTP

  @FIP-HTTP-007 @may @grade-A @needs-http @needs-https @each-protocol
  Scenario: An answer to HEAD has no body
    RFC 9110 §9.3.2: "The HEAD method is identical to GET except that the server MUST NOT send content in the response."
    Given a file of several blocks
    When somebody asks for it with HEAD
    Then the answer has no body

  @FIP-HTTP-008 @must @grade-B @needs-http @needs-https @each-protocol
  Scenario Outline: A redirect leads to the file in the end: <file>
    RFC 9110 §15.4: "A client SHOULD detect and intervene in cyclical redirections (i.e., "infinite" redirection loops)."
    Given a <file>
    When it is fetched over HTTP
    Then redirects led to an end

    Examples:
      | file                   |
      | file of several blocks |
      | boot file of a phone   |
      | cfg file of a phone    |

  @FIP-HTTP-009 @should @grade-C @needs-http @needs-https @each-protocol
  Scenario: A redirect leads to a URL of HTTP
    RFC 9110 §15.4: a client "MAY automatically redirect its request to the URI referenced by the Location field value"; a phone does so to http and https alone.
    Given a file of several blocks
    When it is fetched over HTTP
    Then no redirect led out of HTTP

  @FIP-HTTP-010 @should @grade-B @needs-http @needs-https @needs-publish @each-protocol @big
  Scenario: A phone that reads slowly gets the whole file
    RFC 9112 §8: a body that is cut off leaves an incomplete answer; a phone writes to flash as it reads.
    Given a file of 33 MiB
    When a phone takes 3 seconds to read it over HTTP
    Then it came over HTTP

  @FIP-HTTP-011 @must @grade-A @needs-http @needs-https @each-protocol
  Scenario: A file comes as often as it is asked for
    RFC 9110 §15.4.5: 304 says that "a conditional GET or HEAD request has been received"; a phone sets no condition.
    Given a file of several blocks
    When a phone asks for it twice over HTTP
    Then both times it came with status 200

  @FIP-HTTP-012 @should @grade-A @needs-http @needs-https @each-protocol
  Scenario: The length of an answer is told in one way
    RFC 9112 §6.2: "A sender MUST NOT send a Content-Length header field in any message that contains a Transfer-Encoding header field."
    Given a file of several blocks
    When a phone asks for it over HTTP
    Then it has no Content-Length beside chunked coding

  @FIP-HTTP-013 @should @grade-A @needs-http @needs-https @each-protocol
  Scenario: A connection that is closed after an answer is announced to be
    RFC 9112 §9.3: "A server that does not support persistent connections MUST send the "close" connection option in every response message"; a phone that was told nothing sends its next request there.
    Given a file of several blocks
    When a phone asks for it twice over HTTP, and waits for the end of the connection
    Then the connection stayed, or its end was announced

  @FIP-HTTP-014 @should @grade-A @needs-http @needs-https @each-protocol
  Scenario: Every line of an answer's head ends with CR LF
    RFC 9112 §2.1: a message is a start-line, field lines and an empty line, each of which ends with CRLF.
    Given a file of several blocks
    When a phone asks for it over HTTP
    Then every line of the head ended with CR LF
