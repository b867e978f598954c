// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Header} from "../libraries/EthereumHeader.sol";

/// @notice Proves what a block of the L1 says of its fees, and voids an attested day whose rows contradict it.
/// @dev An attested day commits to one leaf per L1 block whose timestamp lies in it by the index's clock, in order of
///      their numbers, as `MerkleList` hashes lists. A leaf is `keccak256(abi.encode(leaf))`.
///
///      What a proof can contradict: a leaf's hash, gas used and base fee; that its block belongs to the day; the payment,
///      where the last transaction comes from the fee recipient, or where there is none; leaves that are missing,
///      twice there or out of order. What no proof can: the payment of any other block, which is its priority fees; consensus
///      rewards; the report's totals; leaves that nobody has seen, behind a root that the signers made up.
interface IEthereumRelay {
    /// @param baseFee Wei per gas.
    /// @param payment Wei: the last transaction's value where it comes from the fee recipient, else the priority fees.
    struct Leaf {
        uint64 number;
        bytes32 hash;
        uint64 gasUsed;
        uint128 baseFee;
        uint128 payment;
    }

    /// @param position From 0.
    /// @param count How many leaves the day has.
    /// @param branch The siblings from the leaf up, without levels that have none.
    struct LeafProof {
        Leaf leaf;
        uint256 position;
        uint256 count;
        bytes32[] branch;
    }

    /// @notice Down from a recorded block to the one that is meant.
    /// @param recorded Number of a block whose hash is recorded.
    /// @param headers RLP of that block's header, its parent's, and so on; at most 64. The last one is meant.
    struct Descent {
        uint256 recorded;
        bytes[] headers;
    }

    /// @param index Position of the block's last transaction.
    /// @param nodes The trie's nodes from the root down to it; after index 127 the one of index 0 follows.
    struct LastTransaction {
        uint256 index;
        bytes[] nodes;
    }

    enum Contradiction {
        Block,
        Payment,
        Order,
        Missing
    }

    event BlockRecorded(uint256 indexed number, bytes32 hash);

    /// @param number The L1 block by which the day was contradicted.
    event DayContradicted(
        uint32 indexed network, uint24 indexed day, Contradiction contradiction, uint256 number
    );

    /// @notice Record a block first, or an ancestor of one.
    error BlockNotRecorded(uint256 number);
    error HeaderCountOutOfRange(uint256 given, uint256 max);
    /// @notice The header at `position` is not the parent of the one before it, or not the recorded block.
    error HeaderMismatch(uint256 position, bytes32 given, bytes32 expected);

    error NoAttestedRoot(uint32 network, uint24 day);
    error LeafNotAttested(bytes32 computed, bytes32 attested);
    /// @notice The header proves another block than this challenge needs.
    error WrongBlock(uint256 given, uint256 expected);
    /// @notice The block's payment is its priority fees, which nothing here can prove.
    error NotPaidByFeeRecipient(address sender, address feeRecipient);
    error LeavesNotNeighbours(uint256 first, uint256 second);
    error LeafNotAtTheEdge(uint256 position, uint256 count);
    error NothingContradicted();

    /* RECORD */

    /// @notice Keeps the hash of the L1 block that the L2 builds on now. Anyone may, any number of times.
    function record() external returns (uint64 number);

    /// @notice Keeps the hash of the parent of the last header of a descent, so that an older block is within reach.
    function recordAncestor(Descent calldata descent) external returns (uint256 number);

    /* CHALLENGE */

    /// @notice Voids a day in which the leaf of this block has another hash, gas or base fee, or pays for a block without
    ///         transactions, or whose block is of another day.
    function challengeBlock(uint32 network, uint24 day, LeafProof calldata proof, Descent calldata descent)
        external;

    /// @notice Voids a day in which the fee recipient's last transfer in this block is not the leaf's payment.
    function challengePayment(
        uint32 network,
        uint24 day,
        LeafProof calldata proof,
        Descent calldata descent,
        LastTransaction calldata transaction
    ) external;

    /// @notice Voids a day in which the second leaf follows the first, and its block does not.
    function challengeOrder(uint32 network, uint24 day, LeafProof calldata first, LeafProof calldata second)
        external;

    /// @notice Voids a day to which the block before its first leaf, or after its last one, belongs too.
    function challengeMissing(uint32 network, uint24 day, LeafProof calldata edge, Descent calldata descent)
        external;

    /* VIEWS */

    /// @notice 0 when it is not recorded.
    function hashOf(uint256 number) external view returns (bytes32);

    function headerOf(Descent calldata descent) external view returns (Header memory);

    /// @notice Wei that the fee recipient sends by the last transaction of the block.
    /// @dev Reverts with `NotPaidByFeeRecipient` when somebody else sent it.
    function paymentOf(Descent calldata descent, LastTransaction calldata transaction)
        external
        view
        returns (uint256);

    /// @notice The epoch to which an L1 block with this timestamp belongs, by the index's clock.
    function epochAt(uint256 timestamp) external view returns (uint256);
}
