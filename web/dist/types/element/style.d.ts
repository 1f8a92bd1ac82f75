/** The element's looks. Colours and sizes are custom properties, so that a page can change them from outside. */
export declare const style: CSSStyleSheet;
