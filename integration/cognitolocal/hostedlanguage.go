package cognitolocal

import (
	"net/http"
	"slices"
	"time"
)

// english is the language of every page, whatever it says.
const english = "en"

// languages are those of Cognito's pages.
var languages = []string{english, "de", "es", "fr", "id", "it", "ja", "ko", "pt-BR", "zh-CN", "zh-TW"}

// languageCookie remembers the choice. AWS does not say what its own is called.
const languageCookie = "lang"

// languageLifetime is a guess, too.
const languageLifetime = 365 * 24 * time.Hour

// language is what the page declares: the parameter lang, or what it was the
// last time. The words are English all the same.
func (s *Server) language(w http.ResponseWriter, r *http.Request) string {
	if lang := r.URL.Query().Get("lang"); slices.Contains(languages, lang) {
		s.pool.setCookie(w, languageCookie, lang, languageLifetime)
		return lang
	}
	if cookie, err := r.Cookie(languageCookie); err == nil && slices.Contains(languages, cookie.Value) {
		return cookie.Value
	}
	return english
}
