import { openMemoryStorage } from '../../lib/storage/index.ts'
import { storageConformance } from './conformance.ts'

storageConformance('memory', openMemoryStorage)
