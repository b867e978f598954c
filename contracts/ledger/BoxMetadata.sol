// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILedger} from "../interfaces/ILedger.sol";
import {BoxArt} from "../libraries/BoxArt.sol";
import {BoxName} from "../libraries/BoxName.sol";
import {EpochDate} from "../libraries/EpochDate.sol";
import {PlainText} from "../libraries/PlainText.sol";
import {TokenFacts} from "../libraries/TokenFacts.sol";
import {BoxId, Boxes} from "../types/BoxId.sol";
import {Base64} from "@openzeppelin/contracts/utils/Base64.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice What wallets show of the ledger and its positions. Created by the ledger, and asked by it for canonical ids only.
/// @dev Names, units and tokens come from whoever registered the index. They are cleaned where they enter, by `PlainText`
///      and `TokenFacts`; all that is joined below them is clean.
contract BoxMetadata {
    /// @dev Of an index value: 1e18 is one base unit of the reward token.
    uint256 private constant VALUE_DECIMALS = 18;
    uint256 private constant SHOWN_DIGITS = 8;

    ILedger private immutable LEDGER;

    /// @dev A box in words and numbers. Values are index values.
    struct Facts {
        BoxId id;
        bytes32 indexName;
        string unit;
        string symbol;
        uint256 decimals;
        address token;
        uint256 top;
        uint256 floor;
        uint256 ceiling;
        uint256 least;
        uint256 most;
        uint256 earned;
        uint256 reachable;
        uint24 known;
    }

    constructor() {
        LEDGER = ILedger(msg.sender);
    }

    /// @notice What the ledger and a facade call a box: `Hash_Sand BTC#1 long subsidy+fees 2021-04-25 to 2021-05-02`.
    function nameOf(BoxId id, bytes32 indexName) external pure returns (string memory) {
        return BoxName.nameOf(id, PlainText.clean(indexName));
    }

    /// @notice Their short name for it: `SAND-BTC#1-LSF-18742-18749`.
    function symbolOf(BoxId id, bytes32 indexName) external pure returns (string memory) {
        return BoxName.symbolOf(id, PlainText.clean(indexName));
    }

    /// @notice JSON, in base 64, with a description of what the box pays, its terms, and a picture of the payoff. Of now:
    ///         it changes when a day becomes known.
    function tokenURI(BoxId id) external view returns (string memory) {
        Facts memory facts = _factsOf(id);
        return _json(
            string.concat(
                '{"name":"',
                BoxName.nameOf(id, facts.indexName),
                '","description":"',
                _description(facts),
                '","decimals":18,"image":"data:image/svg+xml;base64,',
                Base64.encode(bytes(BoxArt.draw(_sceneOf(facts)))),
                '","attributes":[',
                _attributes(facts),
                "]}"
            )
        );
    }

    function contractURI() external pure returns (string memory) {
        return _json(
            '{"name":"Hashsand Ledger","description":"Positions in what hashrate earns: each is backed in full, and pays what its terms say. Anyone may register an index; its name, unit and token are its registrant\'s."}'
        );
    }

    function _json(string memory text) private pure returns (string memory) {
        return string.concat("data:application/json;base64,", Base64.encode(bytes(text)));
    }

    /* FACTS */

    function _factsOf(BoxId id) private view returns (Facts memory facts) {
        ILedger.IndexTerms memory terms = LEDGER.termsOf(id.index());
        facts.id = id;
        facts.indexName = PlainText.clean(terms.name);
        facts.unit = PlainText.toText(PlainText.clean(terms.unit));
        facts.token = terms.token;
        facts.symbol = PlainText.toText(TokenFacts.symbolOf(terms.token));
        bool known;
        (known, facts.decimals) = TokenFacts.decimalsOf(terms.token);
        if (!known) facts.symbol = string.concat("base units of ", facts.symbol);
        facts.top = LEDGER.topTicksOf(id) * terms.tick;
        facts.floor = uint256(id.lo()) * terms.tick;
        facts.ceiling = id.hi() == Boxes.MAX_STRIKE ? facts.top : uint256(id.hi()) * terms.tick;
        (facts.least, facts.most) = LEDGER.boundsOf(id);
        // What all of it pays is what was earned.
        (facts.earned, facts.reachable) = LEDGER.boundsOf(id.withSideAndStrikes(false, 0, Boxes.MAX_STRIKE));
        facts.known = LEDGER.pokedUntil(id.index());
    }

    /// @dev In what is earned, which for a SHORT runs against its strikes.
    function _kinksOf(Facts memory facts) private pure returns (uint256 from, uint256 to) {
        if (!facts.id.isShort()) return (facts.floor, facts.ceiling);
        return (facts.top - facts.ceiling, facts.top - facts.floor);
    }

    /* TEXT */

    function _description(Facts memory facts) private pure returns (string memory) {
        return string.concat(
            _promise(facts),
            " ",
            _standing(facts),
            " Backed in full by the ledger. One token is 1e18. The index's name, unit and token were chosen by whoever registered it."
        );
    }

    function _promise(Facts memory facts) private pure returns (string memory) {
        return string.concat(
            "One token pays, in ",
            facts.symbol,
            ", ",
            facts.id.isShort() ? _shortPromise(facts) : _longPromise(facts),
            ". Counted is ",
            _counted(facts.id),
            " (UTC)."
        );
    }

    function _counted(BoxId id) private pure returns (string memory) {
        return string.concat(
            BoxName.wordsOf(id.mask()),
            " from ",
            EpochDate.toDate(id.start()),
            " until the end of ",
            EpochDate.toDate(id.end() - 1)
        );
    }

    function _longPromise(Facts memory facts) private pure returns (string memory) {
        return string.concat(
            "what ",
            facts.unit,
            " earns",
            facts.floor > 0 ? string.concat(" above ", _amount(facts, facts.floor)) : "",
            facts.floor > 0 && facts.ceiling < facts.top ? " and" : "",
            facts.ceiling < facts.top ? string.concat(" up to ", _amount(facts, facts.ceiling)) : ""
        );
    }

    function _shortPromise(Facts memory facts) private pure returns (string memory) {
        (uint256 from, uint256 to) = _kinksOf(facts);
        return string.concat(
            "by how much ",
            facts.unit,
            " earns less than ",
            _amount(facts, to),
            from > 0 ? string.concat(", counted down to ", _amount(facts, from)) : ""
        );
    }

    function _standing(Facts memory facts) private pure returns (string memory) {
        if (facts.known >= facts.id.end()) {
            return string.concat("It has matured and pays ", _amount(facts, facts.least), ".");
        }
        return string.concat(
            "As far as the index is known, up to the start of ",
            EpochDate.toDate(facts.known),
            ": ",
            _amount(facts, facts.least),
            " is certain, ",
            _amount(facts, facts.most),
            " is the most."
        );
    }

    function _amount(Facts memory facts, uint256 value) private pure returns (string memory) {
        return string.concat(_number(facts, value), " ", facts.symbol);
    }

    function _number(Facts memory facts, uint256 value) private pure returns (string memory) {
        return PlainText.toDecimal(value, VALUE_DECIMALS + facts.decimals, SHOWN_DIGITS);
    }

    /* ATTRIBUTES */

    function _attributes(Facts memory facts) private pure returns (string memory) {
        return string.concat(
            _attribute("Side", facts.id.isShort() ? "SHORT" : "LONG"), _terms(facts), _worth(facts)
        );
    }

    function _terms(Facts memory facts) private pure returns (string memory) {
        BoxId id = facts.id;
        return string.concat(
            _another("Index", Strings.toString(id.index())),
            _another("Components", BoxName.wordsOf(id.mask())),
            _another("Start", EpochDate.toDate(id.start())),
            _another("End", EpochDate.toDate(id.end())),
            _another("Unit", facts.unit),
            _another("Reward token", Strings.toChecksumHexString(facts.token))
        );
    }

    function _worth(Facts memory facts) private pure returns (string memory) {
        return string.concat(
            _another("Floor", _number(facts, facts.floor)),
            _another("Ceiling", _number(facts, facts.ceiling)),
            _another("Certain", _number(facts, facts.least)),
            _another("Most", _number(facts, facts.most)),
            _another("Known until", EpochDate.toDate(facts.known)),
            _another("Matured", facts.known >= facts.id.end() ? "yes" : "no")
        );
    }

    function _another(string memory trait, string memory value) private pure returns (string memory) {
        return string.concat(",", _attribute(trait, value));
    }

    function _attribute(string memory trait, string memory value) private pure returns (string memory) {
        return string.concat('{"trait_type":"', trait, '","value":"', value, '"}');
    }

    /* PICTURE */

    function _sceneOf(Facts memory facts) private pure returns (BoxArt.Scene memory scene) {
        scene.isShort = facts.id.isShort();
        scene.top = facts.top;
        (scene.from, scene.to) = _kinksOf(facts);
        (scene.earned, scene.reachable) = (facts.earned, facts.reachable);
        scene.title = BoxName.symbolOf(facts.id, facts.indexName);
        scene.subtitle = string.concat(_number(facts, facts.least), " to ", _amount(facts, facts.most));
        (scene.fromLabel, scene.toLabel) = (_number(facts, scene.from), _number(facts, scene.to));
        scene.footer =
            string.concat("x: what ", facts.unit, " earns in ", facts.symbol, " - y: what a token pays");
    }
}
