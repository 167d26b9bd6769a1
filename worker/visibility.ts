/** Object scores become visible, hidden and uncertain stretches; pure. */
export {};
