// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

// Casts in this file are of bounded values.
// forge-lint: disable-start(unsafe-typecast)

import {ILedger} from "../../../contracts/interfaces/ILedger.sol";
import {Box, BoxId, Boxes} from "../../../contracts/types/BoxId.sol";
import {BaseTest} from "../BaseTest.sol";
import {TalkativeToken} from "../mocks/TalkativeToken.sol";

// tokenURI
// ├── a whole LONG, a slice, a SHORT, a matured box → a sentence, the terms and the certain part, in the token's units
// ├── the picture has its kinks where the payoff has them, and shows where the index stands
// ├── whatever strangers call an index, its unit and its token → the same JSON and XML around it, and plain ASCII
// ├── a token that reverts, burns all gas, answers at length or wrongly → words in place of its symbol, base units
// ├── a symbol of bytes32, or longer than 32 characters → its beginning
// └── an id that cannot exist → reverts
// contractURI → JSON
// name, symbol → plain ASCII, whatever the index is called
contract BoxMetadataTest is BaseTest {
    string private constant ENDING =
        " Backed in full by the ledger. One token is 1e18. The index's name, unit and token were chosen by whoever registered it.";

    TalkativeToken private _talker;

    function setUp() public override {
        super.setUp();
        _talker = new TalkativeToken();
        _say("symbol()", abi.encode("WBTC"));
        _say("decimals()", abi.encode(8));
        index = ledger.register(termsOf(address(_talker), address(source)));
    }

    /* WORDS */

    function test_tokenURI_ofALong() public view {
        string memory json = _json(fullLong(30));
        assertEq(
            vm.parseJsonString(json, ".name"), "Hash_Sand BTC#2 long subsidy+fees 2021-04-25 to 2021-05-25"
        );
        // 30 days of at most 64,000 satoshi.
        assertEq(
            vm.parseJsonString(json, ".description"),
            string.concat(
                "One token pays, in WBTC, what 1 PH/s earns. Counted is subsidy+fees from 2021-04-25 until the end of 2021-05-24 (UTC). As far as the index is known, up to the start of 2021-04-25: 0 WBTC is certain, 0.0192 WBTC is the most.",
                ENDING
            )
        );
        assertEq(vm.parseJsonUint(json, ".decimals"), 18);
        string[13] memory values = [
            "LONG",
            "2",
            "subsidy+fees",
            "2021-04-25",
            "2021-05-25",
            "1 PH/s",
            vm.toString(address(_talker)),
            "0",
            "0.0192",
            "0",
            "0.0192",
            "2021-04-25",
            "no"
        ];
        for (uint256 i = 0; i < values.length; i++) {
            string memory key = string.concat(".attributes[", vm.toString(i), "].value");
            assertEq(vm.parseJsonString(json, key), values[i]);
        }
    }

    function test_tokenURI_ofASlice() public {
        pokeWith(40_000e18, 1000e18);
        // Above 30,000 and up to 900,000 satoshi: 11,000 of 41,000 is certain.
        assertEq(
            vm.parseJsonString(_json(_slice(false, 30_000e9, 900_000e9)), ".description"),
            string.concat(
                "One token pays, in WBTC, what 1 PH/s earns above 0.0003 WBTC and up to 0.009 WBTC. Counted is subsidy+fees from 2021-04-25 until the end of 2021-05-24 (UTC). As far as the index is known, up to the start of 2021-04-26: 0.00011 WBTC is certain, 0.0087 WBTC is the most.",
                ENDING
            )
        );
    }

    function test_tokenURI_namesTheStrikesThatBind() public {
        _assertSays(fullLong(30), "what 1 PH/s earns. Counted");
        _assertSays(_slice(false, 30_000e9, Boxes.MAX_STRIKE), "what 1 PH/s earns above 0.0003 WBTC. Counted");
        _assertSays(_slice(false, 0, 900_000e9), "what 1 PH/s earns up to 0.009 WBTC. Counted");
        _assertSays(_slice(true, 0, 900_000e9), "less than 0.0192 WBTC, counted down to 0.0102 WBTC. Counted");
        _assertSays(_slice(true, 900_000e9, Boxes.MAX_STRIKE), "less than 0.0102 WBTC. Counted");
    }

    /// @dev A strike of one unit of index value, which is the least there is: 1e-18 satoshi.
    function test_tokenURI_namesTheSmallestStrike() public {
        ILedger.IndexTerms memory terms = termsOf(address(_talker), address(source));
        terms.tick = 1;
        index = ledger.register(terms);
        uint64 top = 30 * 64_000e9;
        _assertSays(_slice(false, 1, Boxes.MAX_STRIKE), " above 0.00000000000000000000000001 WBTC. Counted");
        _assertSays(_slice(false, 1, 2), " above 0.00000000000000000000000001 WBTC and up to 0.0");
        _assertSays(_slice(true, 0, top - 1), ", counted down to 0.00000000000000000000000001 WBTC. Counted");
    }

    function test_tokenURI_showsEightDigits() public {
        pokeWith(40_000.123456789e18, 1000e18);
        _assertSays(fullLong(30), ": 0.00041000123 WBTC is certain");
    }

    function test_tokenURI_ofAShort() public {
        pokeWith(40_000e18, 1000e18);
        string memory json = _json(_slice(true, 500_000e9, 900_000e9));
        assertEq(vm.parseJsonString(json, ".attributes[0].value"), "SHORT");
        // From 1,920,000 - 900,000 to 1,920,000 - 500,000.
        assertEq(
            vm.parseJsonString(json, ".description"),
            string.concat(
                "One token pays, in WBTC, by how much 1 PH/s earns less than 0.0142 WBTC, counted down to 0.0102 WBTC. Counted is subsidy+fees from 2021-04-25 until the end of 2021-05-24 (UTC). As far as the index is known, up to the start of 2021-04-26: 0 WBTC is certain, 0.004 WBTC is the most.",
                ENDING
            )
        );
    }

    function test_tokenURI_ofAMaturedBox() public {
        pokeWith(40_000e18, 1000e18);
        BoxId short = ledger.mirrorOf(fullLong(1));
        string memory json = _json(short);
        assertEq(
            vm.parseJsonString(json, ".description"),
            string.concat(
                "One token pays, in WBTC, by how much 1 PH/s earns less than 0.00064 WBTC. Counted is subsidy+fees from 2021-04-25 until the end of 2021-04-25 (UTC). It has matured and pays 0.00023 WBTC.",
                ENDING
            )
        );
        assertEq(vm.parseJsonString(json, ".attributes[12].value"), "yes");
    }

    function test_contractURI() public view {
        assertEq(vm.parseJsonString(_text(ledger.contractURI()), ".name"), "Hashsand Ledger");
    }

    function testFuzz_tokenURI_revertsIfIdCannotExist(uint64 lo) public {
        lo = uint64(bound(lo, 1_920_000e9, type(uint64).max - 1));
        BoxId id = _slice(false, lo, Boxes.MAX_STRIKE);
        vm.expectRevert(abi.encodeWithSelector(ILedger.FloorAboveTop.selector, lo, 1_920_000e9));
        ledger.tokenURI(BoxId.unwrap(id));
    }

    /* PICTURE */

    function test_tokenURI_drawsThePayoff() public {
        pokeWith(54_000e18, 6000e18);
        // 320 points are 1,920,000 satoshi: 60,000 are known, 2 to 312 can still come, the kinks are at a quarter and a half.
        string memory long = _picture(_slice(false, 480_000e9, 960_000e9));
        assertTrue(vm.contains(long, '<path d="M40,230H120L200,90H360"'), long);
        assertTrue(vm.contains(long, '<path d="M50,90h309v140h-309z"'), long);
        assertTrue(vm.contains(long, '<path d="M50,90v140"'), long);
        assertTrue(vm.contains(long, '<text x="120" y="245">0.0048</text>'), long);
        assertTrue(vm.contains(long, '<text x="200" y="260">0.0096</text>'), long);
        // The same kinks, from the other side.
        string memory short = _picture(_slice(true, 960_000e9, 1_440_000e9));
        assertTrue(vm.contains(short, '<path d="M40,90H120L200,230H360"'), short);
    }

    function test_tokenURI_writesOnThePicture() public {
        pokeWith(54_000e18, 6000e18);
        string memory picture = _picture(fullLong(30));
        assertTrue(vm.contains(picture, '<text x="20" y="30">SAND-BTC#2-LSF-18742-18772</text>'), picture);
        assertTrue(vm.contains(picture, '<text x="20" y="50">0.0006 to 0.01916 WBTC</text>'), picture);
        assertTrue(
            vm.contains(
                picture, '<text x="20" y="282">x: what 1 PH/s earns in WBTC - y: what a token pays</text>'
            ),
            picture
        );
    }

    /* STRANGERS */

    /// forge-config: default.fuzz.runs = 32
    /// forge-config: ci.fuzz.runs = 32
    function testFuzz_tokenURI_isTheSameAroundAnyName(bytes32 name, bytes32 unit, bytes memory symbol)
        public
    {
        string memory honest = _json(fullLong(30));
        string memory honestPicture = _picture(fullLong(30));
        _say("symbol()", abi.encode(symbol));
        ILedger.IndexTerms memory terms = termsOf(address(_talker), address(source));
        (terms.name, terms.unit) = (name, unit);
        index = ledger.register(terms);

        _assertPlain(honest, honestPicture);
    }

    function test_tokenURI_isTheSameAroundMarkup() public {
        string[6] memory texts = [
            '"}],"image":"x',
            "</text><script>alert(1)</script>",
            "\\u0022,\\",
            "&lt;&#60;]]>",
            "<!--'`{}",
            unicode"\u202e€\u0000"
        ];
        for (uint256 i = 0; i < texts.length; i++) {
            index = 2;
            string memory honest = _json(fullLong(30));
            string memory honestPicture = _picture(fullLong(30));
            _say("symbol()", abi.encode(texts[i]));
            ILedger.IndexTerms memory terms = termsOf(address(_talker), address(source));
            (terms.name, terms.unit) = (bytes32(bytes(texts[i])), bytes32(bytes(texts[i])));
            index = ledger.register(terms);
            _assertPlain(honest, honestPicture);
        }
    }

    function testFuzz_name_isPlain(bytes32 name) public {
        ILedger.IndexTerms memory terms = termsOf(address(_talker), address(source));
        terms.name = name;
        index = ledger.register(terms);
        _assertPlainText(bytes(ledger.name(BoxId.unwrap(fullLong(30)))));
        _assertPlainText(bytes(ledger.symbol(BoxId.unwrap(fullLong(30)))));
    }

    /// forge-config: default.fuzz.runs = 32
    /// forge-config: ci.fuzz.runs = 32
    function testFuzz_tokenURI_survivesAnyAnswer(bytes memory symbol, bytes memory decimals, uint8 manner)
        public
    {
        string memory honest = _json(fullLong(30));
        string memory honestPicture = _picture(fullLong(30));
        _say("symbol()", symbol);
        _say("decimals()", decimals);
        _talker.behave(TalkativeToken.Manner(manner % 4));
        _assertPlain(honest, honestPicture);
    }

    function test_tokenURI_saysWhatItCanOfTheToken() public {
        _assertMost("0.0192 WBTC");
        _say("symbol()", abi.encode(bytes32("MKR")));
        _assertMost("0.0192 MKR");
        _say("symbol()", abi.encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"));
        _assertMost("0.0192 ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef");
        _say("symbol()", abi.encode(""));
        _assertMost("0.0192 reward tokens");
        _say("symbol()", "");
        _assertMost("0.0192 reward tokens");
        _say("symbol()", abi.encode("WBTC"));
        _say("decimals()", abi.encode(37));
        _assertMost("1920000 base units of WBTC");
        _say("decimals()", abi.encode(0));
        _assertMost("1920000 WBTC");
        _say("decimals()", abi.encode(36));
        _assertMost("0.00000000000000000000000000000192 WBTC");
        _say("decimals()", "");
        _assertMost("1920000 base units of WBTC");
        _talker.behave(TalkativeToken.Manner.Reverts);
        _assertMost("1920000 base units of reward tokens");
        _talker.behave(TalkativeToken.Manner.BurnsAllGas);
        _assertMost("1920000 base units of reward tokens");
    }

    /* INTERNALS */

    function _slice(bool isShort, uint64 lo, uint64 hi) private view returns (BoxId) {
        return Boxes.pack(Box(isShort, BOTH, index, FIRST_EPOCH, FIRST_EPOCH + 30, lo, hi));
    }

    function _assertMost(string memory amount) private {
        _assertSays(fullLong(30), string.concat(" certain, ", amount, " is the most."));
    }

    function _assertSays(BoxId id, string memory words) private {
        string memory description = vm.parseJsonString(_json(id), ".description");
        assertTrue(vm.contains(description, words), description);
    }

    /// @dev What is not text of an honest box and of this one is the same, byte for byte.
    function _assertPlain(string memory honest, string memory honestPicture) private view {
        string memory json = _json(fullLong(30));
        string memory picture = _picture(fullLong(30));
        _assertPlainText(bytes(json));
        _assertPlainText(bytes(picture));
        assertEq(_without(bytes(json), '"', '"'), _without(bytes(honest), '"', '"'));
        assertEq(_without(bytes(picture), ">", "<"), _without(bytes(honestPicture), ">", "<"));
        assertEq(vm.parseJsonKeys(json, "$"), vm.parseJsonKeys(honest, "$"));
    }

    function _assertPlainText(bytes memory text) private pure {
        for (uint256 i = 0; i < text.length; i++) {
            assertTrue(text[i] >= 0x20 && text[i] < 0x7f, "not plain");
        }
    }

    /// @dev Without what stands from each `open` to the next `close`.
    function _without(bytes memory text, bytes1 open, bytes1 close) private pure returns (bytes memory rest) {
        rest = new bytes(text.length);
        uint256 length = 0;
        bool inside = false;
        for (uint256 i = 0; i < text.length; i++) {
            if (inside && text[i] == close) inside = false;
            else if (!inside && text[i] == open) (inside, rest[length++]) = (true, open);
            else if (!inside) rest[length++] = text[i];
        }
        assembly ("memory-safe") {
            mstore(rest, length)
        }
    }

    function _picture(BoxId id) private view returns (string memory) {
        return string(_decode(_tail(bytes(vm.parseJsonString(_json(id), ".image")), 26)));
    }

    function _json(BoxId id) private view returns (string memory) {
        return _text(ledger.tokenURI(BoxId.unwrap(id)));
    }

    function _text(string memory uri) private pure returns (string memory) {
        return string(_decode(_tail(bytes(uri), 29)));
    }

    function _say(string memory signature, bytes memory answer) private {
        _talker.say(bytes4(keccak256(bytes(signature))), answer);
    }

    function _tail(bytes memory text, uint256 from) private pure returns (bytes memory tail) {
        tail = new bytes(text.length - from);
        for (uint256 i = 0; i < tail.length; i++) {
            tail[i] = text[from + i];
        }
    }

    /// @dev Base 64, without regard to the library that wrote it.
    function _decode(bytes memory text) private pure returns (bytes memory data) {
        bytes memory alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        uint8[128] memory values;
        for (uint8 i = 0; i < 64; i++) {
            values[uint8(alphabet[i])] = i;
        }
        assertEq(text.length % 4, 0);
        uint256 padding =
            text.length == 0 ? 0 : text[text.length - 2] == "=" ? 2 : text[text.length - 1] == "=" ? 1 : 0;
        data = new bytes(text.length / 4 * 3 - padding);
        for (uint256 i = 0; i < data.length; i++) {
            uint256 at = i / 3 * 4;
            uint256 word = (uint256(values[uint8(text[at])]) << 18)
                | (uint256(values[uint8(text[at + 1])]) << 12) | (uint256(values[uint8(text[at + 2])]) << 6)
                | values[uint8(text[at + 3])];
            data[i] = bytes1(uint8(word >> (16 - 8 * (i % 3))));
        }
    }
}
