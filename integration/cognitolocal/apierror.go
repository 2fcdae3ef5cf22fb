package cognitolocal

import (
	"errors"
	"net/http"
)

// apiError is an error of the service: the name selects the exception type in
// every SDK, the message is prose that AWS changes at will.
type apiError struct {
	name    string
	message string
}

func (e *apiError) Error() string { return e.name + ": " + e.message }

const internalError = "InternalErrorException"

// status is 400 for everything a client can cause, throttling and missing
// permissions included.
func (e *apiError) status() int {
	if e.name == internalError {
		return http.StatusInternalServerError
	}
	return http.StatusBadRequest
}

// asAPIError hides what is not meant for clients.
func asAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	return &apiError{internalError, "Internal error"}
}

func notAuthorized(message string) error {
	return &apiError{"NotAuthorizedException", message}
}

func invalidParameter(message string) error {
	return &apiError{"InvalidParameterException", message}
}

func codeMismatch(message string) error {
	return &apiError{"CodeMismatchException", message}
}

func expiredCode(message string) error {
	return &apiError{"ExpiredCodeException", message}
}

func userNotFound() error {
	return &apiError{"UserNotFoundException", "User does not exist."}
}

func noSuchClient(id string) error {
	return &apiError{"ResourceNotFoundException", "User pool client " + id + " does not exist."}
}
