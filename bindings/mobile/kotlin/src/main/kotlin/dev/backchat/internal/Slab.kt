package dev.backchat.internal

import com.sun.jna.Memory

/**
 * Memory for the structures of a crossing. JNA gives each structure one of its own, which a cleaner
 * frees: that costs more than the crossing. Here many share one, which lives as long as any of them.
 */
internal object Slab {
    private class Rest(val memory: Memory, var used: Long)

    private val rest = ThreadLocal<Rest>()

    /** [size] bytes of zeros. */
    fun take(size: Int): Memory {
        val length = (size + 15L) / 16 * 16
        val slab = rest.get()?.takeIf { it.used + length <= SIZE } ?: fresh()
        val taken = slab.memory.share(slab.used, size.toLong()) as Memory
        slab.used += length
        return taken
    }

    private fun fresh() = Rest(Memory(SIZE).apply { clear() }, 0).also(rest::set)

    private const val SIZE = 8192L
}
