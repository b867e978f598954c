// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IProvenDays} from "./IProvenDays.sol";
import {IRewardSource} from "./IRewardSource.sol";
import {IVoidableDays} from "./IVoidableDays.sol";

/// @notice The oracle: what one unit of hashrate earned, day by day, as a quorum of signers saw it or as a relay proved it.
/// @dev Component 0 is the subsidy, component 1 the fees. Per component and day
///      `index = floor(reward * unitWork * 1e18 / work)`. Fees settle by their capped value; the raw one is published
///      beside it.
interface IRewardIndex is IRewardSource, IProvenDays, IVoidableDays {
    /// @notice What settles the days of a network.
    /// @dev Attested: the dispute time after a quorum. Proven: the proof of its prover; what a quorum says is provisional.
    ///      Checked: whichever of the two comes first.
    enum NetworkClass {
        Attested,
        Proven,
        Checked
    }

    /// @dev The last three settle. `Proven` was settled by its proof, `Final` by time, `Substituted` for want of either.
    enum DayState {
        Open,
        Attested,
        Proven,
        Final,
        Substituted
    }

    /// @notice The epoch at time t is `firstEpoch + (t - start) / epochSeconds`, and `firstEpoch` before `start`.
    struct Clock {
        uint24 firstEpoch;
        uint40 start;
        uint32 epochSeconds;
    }

    /// @notice The totals of one day over the blocks that belong to it.
    /// @param round The attempt in which the signers agreed, from 1 on; the first quorum of any round counts.
    /// @param lastHeight Height of the day's closing block.
    /// @param lastBlockHash Of that block, as explorers print it.
    /// @param work Sum of 2^256 / (target + 1).
    /// @param subsidy Base units of the reward token.
    /// @param fees Base units, as paid.
    /// @param cappedFees Base units after each block's fees were capped.
    /// @param medianFee The day's own lower median of the fees of a block.
    /// @param poolRowsRoot Merkle root of what the pools published, or 0.
    struct Report {
        uint32 network;
        uint24 day;
        uint32 round;
        uint32 lastHeight;
        bytes32 lastBlockHash;
        uint256 work;
        uint128 subsidy;
        uint128 fees;
        uint128 cappedFees;
        uint128 medianFee;
        bytes32 poolRowsRoot;
    }

    /// @param name For people, for example "BTC".
    /// @param unit For people, for example "1 PH/s".
    /// @param unitWork The work that one unit does in an epoch, in the measure of `work`: 86,400 × 10^15 hashes for 1 PH/s.
    /// @param prover Who proves the days, and finds blocks buried (`IBuriedBlocks`); 0 in the class "attested", and only
    ///        there.
    /// @param challenger Who may void an attested day before it is final; 0 for nobody, and in the other classes.
    /// @param firstDay The first day that has values. One that is long over when the network is added may be substituted at
    ///        once, by 0.
    /// @param disputeSeconds How long after its attestation a day becomes final, in the classes where time settles it.
    /// @param faultTolerance f: with 3f + 1 signers, 2f + 1 make a quorum.
    /// @param signers In any order; stored ascending.
    struct NetworkConfig {
        bytes32 name;
        bytes32 unit;
        NetworkClass class;
        uint128 unitWork;
        address prover;
        address challenger;
        uint24 firstDay;
        uint32 disputeSeconds;
        uint8 faultTolerance;
        address[] signers;
    }

    /// @param subsidyIndex Component 0.
    /// @param cappedFeesIndex Component 1.
    /// @param finalAt From this time on the day is final; 0 while no time is set. What settles is one word with it.
    /// @param feesIndex The fees before the cap; settles nothing.
    /// @param attestedAt 0 when no quorum spoke, or the day was voided since.
    /// @param round The one in which it was attested.
    /// @param voidedRound Reports of rounds up to this one are dead; 0 while the day was never voided.
    /// @param provenAt When its proof came, in time to settle it or not; 0 without one.
    /// @param closedAs `Proven` or `Substituted` when that settled the day, else `Open`.
    struct Day {
        uint112 subsidyIndex;
        uint112 cappedFeesIndex;
        uint32 finalAt;
        uint112 feesIndex;
        uint40 attestedAt;
        uint32 round;
        uint32 voidedRound;
        uint32 provenAt;
        DayState closedAs;
    }

    /// @notice Where a signer stands.
    /// @param networks In how many signer sets it is.
    /// @param leftEpoch The clock's epoch when it left the last one; means nothing while it is in any.
    /// @param leftAt The time of that, 0 when it never was in one.
    struct Membership {
        uint32 networks;
        uint24 leftEpoch;
        uint40 leftAt;
    }

    event NetworkAdded(uint32 indexed network, NetworkConfig config);

    event SignersChanged(
        uint32 indexed network, bytes32 indexed configDigest, uint8 faultTolerance, address[] signers
    );

    /// @param reportDigest What the quorum signed.
    event DayAttested(
        uint32 indexed network,
        uint24 indexed day,
        bytes32 indexed reportDigest,
        uint112 subsidyIndex,
        uint112 cappedFeesIndex,
        uint112 feesIndex,
        Report report
    );

    /// @param settles Whether the day has its values from this proof; false when it was final already.
    event DayProven(
        uint32 indexed network,
        uint24 indexed day,
        bytes32 indexed statement,
        bool settles,
        uint112 subsidyIndex,
        uint112 cappedFeesIndex,
        uint112 feesIndex,
        Totals totals
    );

    /// @param statement That of the day before.
    event EmptyDayProven(uint32 indexed network, uint24 indexed day, bytes32 indexed statement, bool settles);

    event DaySubstituted(
        uint32 indexed network, uint24 indexed day, uint112 subsidyIndex, uint112 cappedFeesIndex
    );

    /// @param round Of the voided report.
    /// @param lastDropped Every attested day up to this one is open again.
    event DayVoided(uint32 indexed network, uint24 indexed day, uint32 round, uint24 lastDropped);

    error NoSuchNetwork(uint32 given, uint32 last);
    error EpochLengthZero();
    error UnitWorkZero();
    /// @notice An attested network has none, the others have one.
    error WrongProver(NetworkClass class, address prover);
    /// @notice Only days of an attested network can be voided.
    error WrongChallenger(NetworkClass class, address challenger);
    /// @notice Day 0 means "no day yet".
    error FirstDayZero();
    error FaultToleranceOutOfRange(uint8 given, uint8 max);
    error WrongSignerCount(uint256 given, uint256 required);
    error ZeroSigner();
    error DuplicateSigner(address signer);

    error NotTimelock(address caller, address timelock);
    error NotProver(address caller, address prover);
    error NotChallenger(address caller, address challenger);

    /// @notice Days come one after the other, each once.
    error WrongDay(uint24 given, uint24 expected);
    /// @notice A day has values only when the clock has left it.
    error DayNotOver(uint24 day, uint24 currentEpoch);
    /// @notice The round opens later; the quorum of an earlier one counts now.
    error RoundNotOpen(uint32 given, uint256 newest);
    /// @notice The round does not exist, or a report of it or of a later one was voided. Sign again in a newer one.
    error RoundOver(uint32 given, uint32 last);
    error DayNotAttested(uint32 network, uint24 day);
    /// @notice It has its values for good.
    error DayFinal(uint32 network, uint24 day, uint32 finalAt);
    /// @notice Nothing has to stand in for it: it is final at that time.
    error DayWillBeFinal(uint32 network, uint24 day, uint32 finalAt);
    /// @notice Its signers or its prover still have time.
    error TooEarlyToSubstitute(uint24 day, uint256 secondsSinceEnd, uint256 required);
    error WorkZero();
    error CappedFeesAboveFees(uint128 cappedFees, uint128 fees);
    error IndexTooLarge(uint8 component, uint256 given, uint256 max);

    /// @notice Signatures are 65 bytes each, nothing between and nothing after them.
    error SignaturesMalformed(uint256 length);
    error QuorumMissed(uint256 given, uint256 required);
    /// @notice Not a signature, or the malleable twin of one (s in the upper half of the order).
    error InvalidSignature(uint256 position);
    /// @notice Recovered from the signature, and not in the set: another key, or it signed something else.
    error NotASigner(uint256 position, address recovered);
    /// @notice The same signer twice, or the order is not ascending by address.
    error SignersNotAscending(uint256 position, address recovered);

    /// @notice Accepts the totals of the day after `newestDay`. Anyone may submit; the signatures are the authority.
    /// @dev The first quorum of any round counts, so a round never takes back what an earlier one said.
    /// @param signatures At least 2f + 1 signatures over `hashReport(report)`, each `r (32) ‖ s (32) ‖ v (1)` with v 27
    ///        or 28, ascending by the signer's address (the order of `signersOf`).
    function attest(Report calldata report, bytes calldata signatures) external;

    /// @inheritdoc IProvenDays
    /// @dev Totals of the day after `lastProvenDay`. Replaces what a quorum said, unless the day is final already, however it became
    ///      so: the proof is kept then, and changes no value. A component that does not fit its 112 bits is the largest that does.
    function prove(uint32 network, uint24 day, Totals calldata totals) external;

    /// @notice Closes a day that nobody settled, with the values of the day before (0 where there is none). Anyone may.
    /// @dev The next day after the last final one, when no time of finality is set for it, 7 epochs after its end on an
    ///      attested network and 30 on another. From then on whatever comes first counts.
    function substitute(uint32 network, uint24 day) external;

    /// @inheritdoc IVoidableDays
    /// @dev No report of the voided round or of an earlier one is accepted for that day again: signers who say something new
    ///      need a new round for it anyway. Reports of the later days may come again.
    function voidDay(uint32 network, uint24 day) external;

    /// @notice Replaces a network's signers. Only the timelock may. Changes the config digest, so that signatures
    ///         under the old set die with it; days that have values keep them.
    function changeSigners(uint32 network, uint8 faultTolerance, address[] calldata signers) external;

    function clock() external view returns (Clock memory);

    /// @notice The only authority, and only over signer sets.
    function timelock() external view returns (address);

    /// @notice Networks are numbered from 1 to this.
    function networkCount() external view returns (uint32);

    function networkOf(uint32 network) external view returns (NetworkConfig memory);

    /// @notice Ascending by address.
    function signersOf(uint32 network) external view returns (address[] memory);

    /// @notice How many signatures an attestation needs: 2f + 1.
    function quorumOf(uint32 network) external view returns (uint256);

    /// @notice keccak256(abi.encode(network, configCount, networkOf(network))), where `configCount` counts the network's
    ///         signer sets from 1. Chain id and contract are in the EIP-712 domain.
    function configDigest(uint32 network) external view returns (bytes32);

    function dayOf(uint32 network, uint24 day) external view returns (Day memory);

    function stateOf(uint32 network, uint24 day) external view returns (DayState);

    /// @notice The last day that has values, attested, proven or substituted, with every day before it; 0 when none has. The
    ///         next day to attest comes after it.
    function newestDay(uint32 network) external view returns (uint24);

    /// @notice The last day that was proven, with every day before it; 0 when none was.
    function lastProvenDay(uint32 network) external view returns (uint24);

    /// @notice keccak256(abi.encode(totals)) of a proven day, to be compared with what signers signed. An empty day has that of
    ///         the day before; 0 when the day is not proven, or nothing but empty days came before it.
    function statementOf(uint32 network, uint24 day) external view returns (bytes32);

    /// @notice The newest round in which the day may be attested now: one more for every quarter of an epoch since its
    ///         end; 0 when the day is not over.
    function openRound(uint24 day) external view returns (uint256);

    function membershipOf(address signer) external view returns (Membership memory);

    /// @notice The EIP-712 digest that the signers sign.
    /// @dev Domain: name "Hashsand RewardIndex", version "1", chainId, verifyingContract. Type:
    ///      Report(bytes32 configDigest,uint32 network,uint24 day,uint32 round,uint32 lastHeight,bytes32 lastBlockHash,uint256 work,uint128 subsidy,uint128 fees,uint128 cappedFees,uint128 medianFee,bytes32 poolRowsRoot)
    function hashReport(Report calldata report) external view returns (bytes32);

    /// @notice The same under another config digest: what signers of any set, past or never in force, signed.
    function hashReportUnder(bytes32 configDigest, Report calldata report) external view returns (bytes32);
}
