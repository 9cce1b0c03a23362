/** The page's picture, `/icon.svg`: one name, several servers. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#0a5a86"/><path d="M9 16 22 8.500M9 16h14M9 16l13 7.500" stroke="#9fd3f2" stroke-width="2.500"/><circle cx="9" cy="16" r="4" fill="#fff"/><circle cx="22.500" cy="8" r="3" fill="#fff"/><circle cx="23.500" cy="16" r="3" fill="#fff"/><circle cx="22.500" cy="24" r="3" fill="#fff"/></svg>
`
