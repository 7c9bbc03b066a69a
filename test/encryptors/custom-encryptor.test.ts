import t from 'tap'
import { CustomEncryptor } from '../support/custom-encryptor.ts'
import { encryptorConformance } from '../support/encryptor-conformance.ts'

encryptorConformance(t, 'an asynchronous encryptor of an application', () => CustomEncryptor.create(), { bound: true })
