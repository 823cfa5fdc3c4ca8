/** Where the receipt is mailed, if anywhere. It is sent with the order and not kept on this device. */

const ADDRESS = /^[^\s@<>()",;:\\]+@([\p{L}\d-]+\.)+[\p{L}\d-]{2,}$/u;

/** @returns `value`, empty for nowhere, and `check()`: whether it may be sent; a wrong one is explained beside the field. */
export function emailField() {
  const field = document.getElementById('email');
  const fault = document.getElementById('email-error');

  function complain(text) {
    fault.textContent = text;
    field.setAttribute('aria-invalid', String(text !== ''));
  }

  field.addEventListener('input', () => complain(''));
  return {
    get value() {
      return field.value.trim();
    },
    check() {
      const fits = this.value === '' || ADDRESS.test(this.value);
      complain(fits ? '' : 'This is no e-mail address. Leave it empty to get no mail.');
      if (!fits) field.focus();
      return fits;
    },
  };
}
