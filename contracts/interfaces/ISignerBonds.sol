// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProvenDays} from "./IProvenDays.sol";
import {IRewardIndex} from "./IRewardIndex.sol";

/// @notice What the signers of the RewardIndex stake on their word, in ether, and lose when anyone proves it false.
/// @dev A signer is an address, and its bond is one for every network. It loses all of it, once: a key that was caught is
///      never bonded again. Who proves it gets 20 %, the rest is burned; so a signer that accuses itself loses 80 %. Whoever
///      copies an accusation that is on its way gets the reward in its author's place, and the signer loses the same.
interface ISignerBonds {
    /// @param configDigest Under which it was signed; of any signer set, past or never in force.
    /// @param signature r (32) ‖ s (32) ‖ v (1).
    struct SignedReport {
        bytes32 configDigest;
        IRewardIndex.Report report;
        bytes signature;
    }

    enum AccusationState {
        None,
        Open,
        Refuted,
        Upheld
    }

    /// @param blockHash That the signer signed as the day's last one.
    /// @param deadline From this time on it can be settled, and no longer be refuted.
    struct Accusation {
        address signer;
        uint64 deadline;
        AccusationState state;
        address accuser;
        uint32 network;
        uint24 day;
        bytes32 blockHash;
    }

    event Funded(address indexed signer, address indexed by, uint256 amount);

    event Withdrawn(address indexed signer, address indexed to, uint256 amount);

    event Accused(
        bytes32 indexed accusation, address indexed signer, address indexed accuser, Accusation facts
    );

    event Refuted(bytes32 indexed accusation, address indexed signer);

    event Slashed(address indexed signer, address indexed accuser, uint256 reward, uint256 burned);

    event Claimed(address indexed account, address indexed to, uint256 amount);

    error NothingFunded();
    /// @notice It was caught once. Its operator needs another key.
    error SignerSlashed(address signer);
    /// @notice It has no bond to lose, or to take back.
    error NothingAtStake(address signer);

    /// @notice Not a signature of 65 bytes, or the malleable twin of one.
    error InvalidSignature();
    error DifferentSigners(address first, address second);
    /// @notice Two reports contradict each other only about the same network, day and round.
    error DifferentSubjects();
    /// @notice Signed twice, said once.
    error SameStatement();
    error DayNotProven(uint32 network, uint24 day);
    /// @notice Not the totals that the day was proven with; they are in the event `DayProven`.
    error WrongTotals(bytes32 given, bytes32 proven);
    /// @notice The report says what was proven.
    error NoContradiction();
    /// @notice One accusation for each signer, day and block, whatever becomes of it.
    error AlreadyAccused(bytes32 accusation);

    error AccusationNotOpen(bytes32 accusation);
    error DefenceOver(uint256 time, uint256 deadline);
    error DefenceNotOver(uint256 time, uint256 deadline);
    error NotBuried(bytes32 blockHash);

    /// @notice It still is in signer sets; only the timelock takes it out.
    error StillSigner(address signer, uint256 networks);
    error BondLocked(uint256 time, uint256 unlocksAt);
    error AccusationsOpen(address signer, uint256 count);

    error NothingToClaim(address account);
    error ZeroRecipient();

    /// @notice Adds what is sent to a signer's bond. Anyone may; it is the signer's then.
    function fund(address signer) external payable;

    /// @notice Slashes the signer of two reports that say different things about the same network, day and round, under any
    ///         config digests, accepted or not.
    function proveEquivocation(SignedReport calldata first, SignedReport calldata second) external;

    /// @notice Accuses the signer of a report that differs from what was proven of its day.
    /// @dev Where it names the proven last block the totals can only be a lie, and the signer is slashed at once. Where it
    ///      names another, the signer may have followed a branch that was left: it has 7 epochs to `defend`.
    /// @param proven The totals that the day was proven with.
    /// @return accusation Its id; 0 when the signer was slashed at once.
    function accuse(SignedReport calldata signed, IProvenDays.Totals calldata proven)
        external
        returns (bytes32 accusation);

    /// @notice Refutes an accusation: the network's prover finds that `headers` bury the block that was signed. Anyone may.
    /// @param headers As `IBuriedBlocks.isBuried` of the network's prover wants them.
    function defend(bytes32 accusation, bytes calldata headers) external;

    /// @notice Slashes the signer of an accusation that nobody refuted in time. Anyone may; the accuser has the reward.
    function settle(bytes32 accusation) external;

    /// @notice Pays the caller its whole bond, when it is in no signer set, `unlocksAt` has come and no accusation is open.
    function withdraw(address to) external returns (uint256 amount);

    /// @notice Pays the caller what it earned by accusing.
    function claim(address to) external returns (uint256 amount);

    function INDEX() external view returns (IRewardIndex);

    function bondOf(address signer) external view returns (uint256);

    function isSlashed(address signer) external view returns (bool);

    function openAccusationsOf(address signer) external view returns (uint256);

    function accusationOf(bytes32 accusation) external view returns (Accusation memory);

    function creditOf(address account) external view returns (uint256);

    /// @notice When the bond of a signer that has left every set is free: 7 epochs after it left and after every day that
    ///         was over then was proven, on the networks that prove days; 30 epochs after it left at the latest.
    /// @dev Reverts with `StillSigner` while it is in a set.
    function unlocksAt(address signer) external view returns (uint256);
}
