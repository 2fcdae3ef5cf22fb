package diagnose

// Mistakes are the findings that need no service.
func (s *Site) Mistakes() []Finding { return s.mistakes() }
