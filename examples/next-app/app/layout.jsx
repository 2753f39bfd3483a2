// @ts-check
export const metadata = { title: "Orders" };

/** @param {{ readonly children: import("react").ReactNode }} properties */
export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>
        <main>{children}</main>
      </body>
    </html>
  );
}
